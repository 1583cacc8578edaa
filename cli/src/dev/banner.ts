import type { Route } from '@wscluster/ring';
import { keyPlace, routeSamples } from './route-samples.ts';

export interface BannerParts {
  readonly apiPort: number;
  readonly gatewayPorts: readonly number[];
  readonly routes: readonly Route[];
  /** `own`: the cluster sets its own command for nodes. */
  readonly backend: 'sample' | 'own';
}

const KEY = 'alice';

/**
 * What a newcomer sees once everything is up: the addresses, and what to try. Each command is on its own line, to
 * paste.
 */
export function banner({ apiPort, gatewayPorts, routes, backend }: BannerParts): string {
  const api = `http://127.0.0.1:${apiPort}/api/v1`;
  const [first] = gatewayPorts;
  const onRoutes = routes.map((route) => ({
    what: `${route.path || `${route.prefix} and below`} (${keyPlace(route)})`,
    commands: routeSamples(route, KEY, `127.0.0.1:${first}`, backend),
  }));
  const onCluster = [
    { what: `which node owns ${KEY}`, commands: [`curl '${api}/owner?key=${KEY}'`] },
    { what: 'add a node; only the clients that it takes over move', commands: [`curl -X POST ${api}/nodes`] },
    { what: 'the nodes, their shares and connections', commands: [`curl ${api}/nodes`] },
    { what: 'drain a node, or crash it with mode=kill', commands: [`curl -X DELETE '${api}/nodes/ID?mode=drain'`] },
  ];
  return `
  wscluster is up: a controller, ${gatewayPorts.length} gateways and its nodes. Ctrl-C stops all.

    gateways   ${gatewayPorts.map((port) => `ws://127.0.0.1:${port}`).join(', ')}
    dashboard  http://127.0.0.1:${apiPort}
    API        ${api}/clusters

  Try in another terminal, as the client ${KEY}:

${listed(onRoutes)}
  And of the cluster:

${listed(onCluster)}
`;
}

function listed(samples: readonly { readonly what: string; readonly commands: readonly string[] }[]): string {
  return samples
    .map(({ what, commands }) => `    ${what}\n${commands.map((command) => `      ${command}\n`).join('')}`)
    .join('');
}
