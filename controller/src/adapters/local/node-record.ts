import { mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { memberSchema, messageOf, WsClusterError } from '@wscluster/ring';
import { parseHostPort, processesWith, replaceFile } from '@wscluster/service';
import { z } from 'zod';

const ID = /^[a-z0-9-]+$/;

const recordSchema = z.object({
  id: z.string().regex(ID),
  pid: z.int().positive(),
  /** See processIdentity. */
  identity: z.string(),
  /** The port that it was told to listen on; undefined if it announces its own. */
  port: z.int().positive().optional(),
  /** It has answered a probe by HTTP: when it falls silent, it hangs. */
  answersHttp: z.boolean().optional(),
  /** Unix ms; undefined in records of earlier versions. */
  createdAt: z.number().optional(),
  /** Unix ms; undefined if it is not draining. */
  drainingSince: z.number().optional(),
  /** It was sent SIGTERM; a second one would end it at once. */
  stopping: z.boolean().optional(),
});
export type NodeRecord = z.infer<typeof recordSchema>;

/**
 * The variable that tells a node where to write the `host:port` that it listens on. It also marks the node's processes.
 */
export const PORT_FILE = 'WSCLUSTER_PORT_FILE';

/** The folder of a cluster's node processes, with one record each, by which the next controller finds them. */
export class NodeRecords {
  readonly #directory: string;

  /** Throws SOURCE_UNAVAILABLE when the folder cannot be made. */
  constructor(directory: string) {
    // Absolute, since a node may run in another folder.
    this.#directory = resolve(directory);
    try {
      mkdirSync(this.#directory, { recursive: true });
    } catch (error) {
      throw new WsClusterError('SOURCE_UNAVAILABLE', `${this.#directory}: cannot be made: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** The value of PORT_FILE for a node. */
  portFile(id: string): string {
    return join(this.#directory, `${id}.port`);
  }

  /** Where the node writes its output. */
  outputFile(id: string): string {
    return join(this.#directory, `${id}.log`);
  }

  /** Opens the output of a new node to append to it. Throws STORE_UNAVAILABLE. */
  openOutput(id: string): number {
    const path = this.outputFile(id);
    try {
      return openSync(path, 'a', 0o600);
    } catch (error) {
      throw new WsClusterError('STORE_UNAVAILABLE', `${path}: cannot be made: ${messageOf(error)}`, { cause: error });
    }
  }

  /** The address that the node announced; undefined if it has not yet. Throws CONFIG_INVALID if it is not host:port. */
  address(id: string): string | undefined {
    let text: string;
    try {
      text = readFileSync(this.portFile(id), 'utf8').trim();
    } catch {
      return undefined;
    }
    if (text === '') return undefined;
    const parsed = memberSchema.shape.address.safeParse(text);
    if (parsed.success && parseHostPort(text) !== undefined) return text;
    const shown = JSON.stringify(text.slice(0, 100));
    throw new WsClusterError('CONFIG_INVALID', `node ${id} wrote ${shown} to its port file: must be host:port`, {
      field: PORT_FILE,
    });
  }

  /** Resolves once it is on disk. Rejects with STORE_UNAVAILABLE; what was there before is then still there. */
  async save(record: NodeRecord): Promise<void> {
    const path = this.#path(record.id);
    try {
      await replaceFile(path, JSON.stringify(record));
    } catch (error) {
      throw new WsClusterError('STORE_UNAVAILABLE', `${path}: cannot be written: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  async remove(id: string): Promise<void> {
    await rm(this.#path(id), { force: true });
    await rm(this.portFile(id), { force: true });
    await rm(this.outputFile(id), { force: true });
  }

  /** All records; `damaged` has the ids of unreadable ones. */
  load(): { records: NodeRecord[]; damaged: string[] } {
    const records: NodeRecord[] = [];
    const damaged: string[] = [];
    for (const file of readdirSync(this.#directory)) {
      const id = file.endsWith('.json') ? file.slice(0, -'.json'.length) : '';
      if (!ID.test(id)) continue;
      try {
        records.push(recordSchema.parse(JSON.parse(readFileSync(this.#path(id), 'utf8'))));
      } catch {
        damaged.push(id);
      }
    }
    return { records, damaged };
  }

  /**
   * The process groups of the nodes that run, by node id, as their environment tells: also of those whose record was
   * lost. Undefined where the system does not tell.
   */
  running(): ReadonlyMap<string, number> | undefined {
    const folder = this.#directory + sep;
    const found = processesWith(PORT_FILE, folder);
    if (found === undefined) return undefined;
    const groups = new Map<string, number>();
    for (const [pid, { value, group }] of found) {
      const id = value.slice(folder.length, -'.port'.length);
      const known = groups.get(id);
      // What a node has started in a group of its own does not stand for it, unless nothing else is left.
      if (ID.test(id) && (known === undefined || (pid === group && !found.has(known)))) groups.set(id, group);
    }
    return groups;
  }

  #path(id: string): string {
    return join(this.#directory, `${id}.json`);
  }
}
