import { WsClusterError } from '@wscluster/ring';
import { z } from 'zod';
import type { Documents } from '../ports/documents.ts';
import { type DeclaredCluster, validCluster } from './load.ts';
import { changedRouteKey } from './route-keys.ts';
import { KEY_FIXED, routingSchema } from './routing-schema.ts';
import type { ClusterSpec, WsCluster } from './schema.ts';

export const SPEC_DOCUMENT = 'spec';

const storedSchema = z.object({ source: z.string(), generation: z.int().min(1), spec: z.unknown() });

/** Keeps the spec with the changes made through the API, so that they survive a restart. */
export interface SpecStore {
  readonly spec: ClusterSpec;
  /** Counts changes of the spec, from 1; the status has it as observedGeneration. */
  readonly generation: number;
  /** Stores a changed spec before it takes effect. If this rejects with STORE_UNAVAILABLE, nothing has changed. */
  update(change: (spec: ClusterSpec) => ClusterSpec): Promise<void>;
}

/**
 * Reads the spec that the last leader left. It applies as long as the cluster's file is the one from which it was
 * changed. Once the file is edited, the file wins. Rejects with STORE_UNAVAILABLE, and with MESSAGE_INVALID or
 * CONFIG_INVALID if the stored document cannot be a spec.
 */
export async function openSpecStore(documents: Documents, { cluster, digest }: DeclaredCluster): Promise<SpecStore> {
  const { name } = cluster.metadata;
  const found = await documents.read(SPEC_DOCUMENT);
  const stored = found === undefined ? undefined : parse(found, name);
  const edited = stored !== undefined && stored.source !== digest;
  if (edited) refuseChangedKey(stored.spec, cluster);
  const origin = `the stored spec of ${name}`;
  let { spec } = stored === undefined || edited ? cluster : validCluster({ ...cluster, spec: stored.spec }, origin);
  let generation = stored === undefined ? 1 : stored.generation + (edited ? 1 : 0);
  if (stored === undefined || edited) await documents.write(SPEC_DOCUMENT, { source: digest, generation, spec });
  return {
    get spec() {
      return spec;
    },
    get generation() {
      return generation;
    },
    async update(change) {
      const next = validCluster({ ...cluster, spec: change(spec) }, 'the changed spec').spec;
      await documents.write(SPEC_DOCUMENT, { source: digest, generation: generation + 1, spec: next });
      spec = next;
      generation++;
    },
  };
}

/**
 * The spec that the last leader left, whatever the file of this process says; undefined if there is none. Throws as
 * openSpecStore rejects.
 */
export function storedSpec(
  document: unknown,
  { cluster }: DeclaredCluster,
): Pick<SpecStore, 'spec' | 'generation'> | undefined {
  if (document === undefined) return undefined;
  const { name } = cluster.metadata;
  const { spec, generation } = parse(document, name);
  return { spec: validCluster({ ...cluster, spec }, `the stored spec of ${name}`).spec, generation };
}

function parse(document: unknown, name: string): z.infer<typeof storedSchema> {
  const parsed = storedSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  throw new WsClusterError(
    'MESSAGE_INVALID',
    `the stored spec of ${name} lacks source, generation or spec; delete it to start from the declared spec`,
    { cause: parsed.error },
  );
}

/** Gateways that run meanwhile have connections that they know by the old key. */
function refuseChangedKey(stored: unknown, { metadata, spec }: WsCluster): void {
  const before = z.object({ routing: routingSchema }).safeParse(stored).data;
  const field = before && changedRouteKey(before.routing.routes, spec.routing.routes);
  if (field === undefined) return;
  throw new WsClusterError(
    'CONFIG_INVALID',
    `cluster ${metadata.name}: ${field}: ${KEY_FIXED}; or stop all controllers and gateways, and delete the stored spec of ${metadata.name}`,
    { field },
  );
}
