import type { LiveState } from '@wscluster/controller/api';

type Route = LiveState['spec']['routes'][number];

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;
/** The default address of the gateways, or of their load balancer. */
const DEFAULT_PORT = 7000;

/**
 * The gateways' addresses for this browser. If everything is on this machine, the addresses that they report; otherwise
 * the host of this page, since reported addresses are only valid inside the cluster.
 */
export function guessedGateways(gateways: readonly { address: string }[], host: string): string[] {
  const local = gateways.filter(({ address }) => LOOPBACK.test(address.replace(/:\d+$/, '')));
  if (LOOPBACK.test(host) && local.length > 0) return local.map(({ address }) => `ws://${address}`);
  return [`ws://${host}:${DEFAULT_PORT}`];
}

/** The first route that a browser can use, which cannot set headers or foreign cookies. Undefined if there is none. */
export function usableRoute(routes: readonly Route[]): Route | undefined {
  return routes.find(({ protocol, key }) => protocol !== 'http' && sourceOf(key) !== undefined);
}

/** Path and query that route a key. */
export function pathOf({ path, prefix, key }: Route, value: string): string {
  const source = sourceOf(key);
  const filled = (path || prefix || '/').replaceAll(/\{(\w+)(?:\.\.\.)?\}/g, (_, name: string) =>
    name === source?.param ? encodeURIComponent(value) : '-',
  );
  if (source?.query === undefined) return filled;
  return `${filled}?${encodeURIComponent(source.query)}=${encodeURIComponent(value)}`;
}

function sourceOf(key: Route['key']): Route['key'] | undefined {
  return [key, ...(key.first ?? [])].find(({ param, query }) => param !== undefined || query !== undefined);
}
