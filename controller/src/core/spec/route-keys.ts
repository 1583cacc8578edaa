import type { ClusterSpec } from './schema.ts';

type Route = ClusterSpec['routing']['routes'][number];

/**
 * The field of the first route that finds the key elsewhere than it did for the same paths; undefined if none does. Such a
 * change gives every client of these paths another owner, while gateways know open connections by their old keys.
 */
export function changedRouteKey(before: readonly Route[], after: readonly Route[]): string | undefined {
  const known = new Map(before.map((route) => [shapeOf(route), keyOf(route)]));
  const index = after.findIndex((route) => (known.get(shapeOf(route)) ?? keyOf(route)) !== keyOf(route));
  return index < 0 ? undefined : `spec.routing.routes[${index}].key`;
}

/** The names of placeholders decide nothing. */
function shapeOf({ path }: Route): string {
  return path.replaceAll(/\{[^}]+\}/g, '{}');
}

function keyOf({ path, key }: Route): string {
  if (key.param === undefined) return JSON.stringify(key);
  return `segment ${path.split('/').indexOf(`{${key.param}}`)}`;
}
