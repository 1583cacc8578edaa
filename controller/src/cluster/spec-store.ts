import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { validCluster } from './load.ts';
import type { ClusterSpec, WsCluster } from './schema.ts';

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
export function openSpecStore(path: string, declared: WsCluster): SpecStore {
  const source = createHash('sha256').update(JSON.stringify(declared)).digest('hex');
  const stored = read(path);
  let { spec, generation } =
    stored === undefined
      ? { spec: declared.spec, generation: 1 }
      : stored.source === source
        ? { spec: validCluster({ ...declared, spec: stored.spec }, path).spec, generation: stored.generation }
        : { spec: declared.spec, generation: stored.generation + 1 };
  write(path, { source, generation, spec });
  return {
    get spec() {
      return spec;
    },
    get generation() {
      return generation;
    },
    update(change) {
      const next = validCluster({ ...declared, spec: change(spec) }, 'the changed spec').spec;
      write(path, { source, generation: generation + 1, spec: next });
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
