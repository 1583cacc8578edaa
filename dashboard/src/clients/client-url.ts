import type { LiveState } from '@wscluster/controller/api';

type Route = LiveState['spec']['routes'][number];

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;
/** Where the gateways, or their load balancer, are reached when nobody says anything else. */
const DEFAULT_PORT = 7000;

/**
 * Where this browser reaches the gateways: as they say, when all is on this machine; else the host of this page, since
 * what they say is true inside the cluster only.
 */
export function guessedGateways(gateways: readonly { address: string }[], host: string): string[] {
  const local = gateways.filter(({ address }) => LOOPBACK.test(address.replace(/:\d+$/, '')));
  if (LOOPBACK.test(host) && local.length > 0) return local.map(({ address }) => `ws://${address}`);
  return [`ws://${host}:${DEFAULT_PORT}`];
}

/** The first route that a browser can use: it cannot set headers or foreign cookies. Undefined when there is none. */
export function usableRoute(routes: readonly Route[]): Route | undefined {
  return routes.find(({ key }) => key.param !== undefined || key.query !== undefined);
}

/** Path and query under which a key is routed. */
export function pathOf({ path, key }: Route, value: string): string {
  const filled = path.replaceAll(/\{([^}]+)\}/g, (_, name: string) =>
    name === key.param ? encodeURIComponent(value) : '-',
  );
  return key.query === undefined ? filled : `${filled}?${encodeURIComponent(key.query)}=${encodeURIComponent(value)}`;
}
