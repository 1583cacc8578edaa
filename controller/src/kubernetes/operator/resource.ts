import { createHash } from 'node:crypto';
import { validCluster } from '../../core/spec/load.ts';
import { API_VERSION, KIND, type WsCluster } from '../../core/spec/schema.ts';
import { servableIn } from '../../core/spec/servable.ts';
import type { KubeObject } from '../client/object.ts';
import type { ResourceStatus } from '../crd/status-schema.ts';
import { type ClusterIdentity, clusterId } from '../names.ts';

/** A WsCluster as the API server answers it. Its spec may be older than the present schema. */
export interface WsClusterObject extends KubeObject {
  readonly spec?: unknown;
  readonly status?: ResourceStatus;
}

/** What is kept of a WsCluster. */
export interface ClusterResource extends ClusterIdentity {
  readonly resourceVersion: string;
  /** Counts changes of the spec. */
  readonly generation: number;
  /** It was deleted, and is waiting for its finalizers. */
  readonly deleting: boolean;
  readonly finalizers: readonly string[];
  readonly spec: unknown;
  readonly status: ResourceStatus | undefined;
}

export function readResource({ metadata, spec, status }: WsClusterObject): ClusterResource {
  const { namespace = 'default', name, uid, resourceVersion, generation = 1, finalizers = [] } = metadata;
  const deleting = metadata.deletionTimestamp !== undefined;
  const id = clusterId({ namespace, name });
  return { id, namespace, name, uid, resourceVersion, generation, deleting, finalizers, spec, status };
}

/** The resource checked against the schema, with defaults. Throws CONFIG_INVALID naming the field. */
export function clusterOf({ namespace, name, spec }: ClusterResource): WsCluster {
  const head = { apiVersion: API_VERSION, kind: KIND, metadata: { name } };
  const cluster = validCluster({ ...head, spec }, `WsCluster ${namespace}/${name}`);
  servableIn('kubernetes', cluster);
  return cluster;
}

/**
 * A digest of the parts of the spec that are read only when a controller begins to lead: if they change, it restarts
 * the reign.
 */
export function foundationOf({ spec: { bus, store, registry } }: WsCluster): string {
  return createHash('sha256').update(JSON.stringify({ bus, store, registry })).digest('hex');
}
