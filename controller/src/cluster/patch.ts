import { WsClusterError } from '@wscluster/ring';
import { validCluster } from './load.ts';
import type { ClusterSpec } from './schema.ts';

/**
 * The spec after a JSON merge patch (RFC 7396): objects are merged, null removes (and so brings back the default),
 * everything else replaces. Throws REQUEST_INVALID naming the field, and for a change of the command of nodes.
 */
export function patchedSpec(spec: ClusterSpec, patch: unknown): ClusterSpec {
  const head = { apiVersion: 'wscluster.io/v1alpha1', kind: 'WsCluster', metadata: { name: 'patched' } };
  try {
    const next = validCluster({ ...head, spec: mergePatch(spec, patch) }, 'the patch').spec;
    // Who may change the spec need not be one who may run programs here.
    if (JSON.stringify(next.nodes.command) !== JSON.stringify(spec.nodes.command))
      throw new WsClusterError('REQUEST_INVALID', "spec.nodes.command: is set in the cluster's file only", {
        field: 'spec.nodes.command',
      });
    return next;
  } catch (error) {
    if (!(error instanceof WsClusterError)) throw error;
    throw new WsClusterError('REQUEST_INVALID', error.message, { cause: error, field: error.field ?? '' });
  }
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
