import { WsClusterError } from '@wscluster/ring';
import { validCluster } from './load.ts';
import { changedRouteKey } from './route-keys.ts';
import { KEY_FIXED } from './routing-schema.ts';
import { API_VERSION, type ClusterSpec, KIND } from './schema.ts';

/**
 * The API must not change these: whoever may change the spec need not be allowed to run programs here, read secrets,
 * open ports to the outside, or point the controller at other people's containers.
 */
export const DECLARED_ONLY = [
  ...['nodes.command', 'nodes.image', 'nodes.env', 'nodes.selector', 'nodes.port', 'nodes.network'],
  ...['nodes.addressFrom', 'nodes.publishedHost', 'nodes.readinessPath', 'nodes.template', 'nodes.followRing'],
  ...['nodes.workingDirectory', 'nodes.startSeconds', 'nodes.readiness'],
  ...['gateway.image', 'gateway.resources', 'gateway.service', 'gateway.pod', 'bus', 'store', 'registry'],
];

/**
 * The spec after a JSON merge patch (RFC 7396): objects are merged, null removes a field (and so restores its default),
 * everything else replaces. Throws REQUEST_INVALID naming the field, also for a change of a field that only the file
 * may set.
 */
export function patchedSpec(spec: ClusterSpec, patch: unknown): ClusterSpec {
  const head = { apiVersion: API_VERSION, kind: KIND, metadata: { name: 'patched' } };
  try {
    const next = validCluster({ ...head, spec: mergePatch(spec, patch) }, 'the patch').spec;
    const fixed = DECLARED_ONLY.find((field) => JSON.stringify(at(next, field)) !== JSON.stringify(at(spec, field)));
    if (fixed === undefined) {
      refuseChangedKey(spec, next);
      return next;
    }
    throw new WsClusterError('REQUEST_INVALID', `spec.${fixed}: can only be set in the cluster's file or resource`, {
      field: `spec.${fixed}`,
    });
  } catch (error) {
    if (!(error instanceof WsClusterError)) throw error;
    throw new WsClusterError('REQUEST_INVALID', error.message, { cause: error, field: error.field ?? '' });
  }
}

function refuseChangedKey(before: ClusterSpec, next: ClusterSpec): void {
  const field = changedRouteKey(before.routing.routes, next.routing.routes);
  if (field !== undefined) throw new WsClusterError('REQUEST_INVALID', `${field}: ${KEY_FIXED}`, { field });
}

function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function at(value: unknown, path: string): unknown {
  return path.split('.').reduce((part, name) => (isObject(part) ? part[name] : undefined), value);
}
