import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { type DeclaredCluster, validCluster } from './load.ts';
import type { ClusterSpec } from './schema.ts';

/** Keeps the spec with the changes made through the API, so that they survive a restart. */
export interface SpecStore {
  readonly spec: ClusterSpec;
  /** Counts changes of the spec, from 1; status refers to it as observedGeneration. */
  readonly generation: number;
  /** Stores a changed spec before it counts. Throws STORE_UNAVAILABLE, and then nothing has changed. */
  update(change: (spec: ClusterSpec) => ClusterSpec): void;
}

/**
 * A file beside the cluster's other state. The stored spec holds as long as the cluster's own file is the one from
 * which it was changed; who edits that file again means the edit, so the file then wins.
 */
export function openSpecStore(path: string, { cluster, digest }: DeclaredCluster): SpecStore {
  const stored = read(path);
  const edited = stored !== undefined && stored.source !== digest;
  let { spec } = stored === undefined || edited ? cluster : validCluster({ ...cluster, spec: stored.spec }, path);
  let generation = stored === undefined ? 1 : stored.generation + (edited ? 1 : 0);
  if (edited) write(path, { source: digest, generation, spec });
  return {
    get spec() {
      return spec;
    },
    get generation() {
      return generation;
    },
    update(change) {
      const next = validCluster({ ...cluster, spec: change(spec) }, 'the changed spec').spec;
      write(path, { source: digest, generation: generation + 1, spec: next });
      spec = next;
      generation++;
    },
  };
}

interface StoredSpec {
  source: string;
  generation: number;
  spec: unknown;
}

function read(path: string): StoredSpec | undefined {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<StoredSpec>;
    if (typeof value.source !== 'string' || typeof value.generation !== 'number')
      throw new WsClusterError(
        'MESSAGE_INVALID',
        `${path}: lacks source or generation; remove the file to start from the declared spec`,
      );
    return { source: value.source, generation: value.generation, spec: value.spec };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (error instanceof WsClusterError) throw error;
    throw new WsClusterError(
      'MESSAGE_INVALID',
      `${path}: ${messageOf(error)}; remove the file to start from the declared spec`,
      {
        cause: error,
      },
    );
  }
}

function write(path: string, value: StoredSpec): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.new`, `${JSON.stringify(value, null, 2)}\n`);
    renameSync(`${path}.new`, path);
  } catch (error) {
    throw new WsClusterError('STORE_UNAVAILABLE', `${path}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
}
