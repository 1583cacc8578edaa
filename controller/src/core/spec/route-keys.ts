import { overlap, type Route, segmentsOf, shapeOf } from '@wscluster/ring';

/**
 * The field of the first route that finds the key elsewhere than it was for the same requests; undefined if none does.
 * Such a change gives every client of these paths another owner, while gateways know open connections by their old
 * keys.
 */
export function changedRouteKey(before: readonly Route[], after: readonly Route[]): string | undefined {
  const index = after.findIndex((route) => predecessors(before, route).some((old) => keyOf(old) !== keyOf(route)));
  return index < 0 ? undefined : `spec.routing.routes[${index}].key`;
}

/** The route as it was; if there was none for just these requests, all that served some of them. */
function predecessors(before: readonly Route[], route: Route): Route[] {
  const [shape, requests] = [shapeOf(route), requestsOf(route)];
  const there = before.filter((old) => shapeOf(old) === shape);
  const same = there.filter((old) => requestsOf(old) === requests);
  return same.length > 0 ? same : there.filter((old) => overlap(old, route));
}

function requestsOf({ protocol, methods }: Route): string {
  return JSON.stringify([protocol, methods && [...methods].sort()]);
}

/** Placeholders count by their place, not by their name; how a cookie is generated does not matter. */
function keyOf({ path = '', key }: Route): string {
  const segments = segmentsOf(path);
  const placeOf = (name: string) =>
    segments.findIndex((segment) => segment.kind !== 'literal' && segment.name === name) + 1;
  return JSON.stringify(key, (field, value: unknown) => {
    if (field === 'generate' || field === 'remove') return undefined;
    return field === 'param' && typeof value === 'string' ? placeOf(value) : sorted(value);
  });
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
