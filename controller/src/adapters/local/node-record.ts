import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { memberSchema, WsClusterError } from '@wscluster/ring';
import { parseHostPort } from '@wscluster/service';
import { z } from 'zod';

const recordSchema = z.object({
  id: z.string().regex(/^[a-z0-9-]+$/),
  pid: z.int().positive(),
  /** See processIdentity. */
  identity: z.string(),
  /** Unix ms; undefined in records of earlier versions. */
  createdAt: z.number().optional(),
  /** Unix ms; undefined if it is not draining. */
  drainingSince: z.number().optional(),
  /** It was sent SIGTERM; a second one would end it at once. */
  stopping: z.boolean().optional(),
});
export type NodeRecord = z.infer<typeof recordSchema>;

/** The folder of a cluster's node processes, with one record each, by which the next controller finds them. */
export class NodeRecords {
  readonly #directory: string;

  constructor(directory: string) {
    // Absolute, since a node may run in another folder.
    this.#directory = resolve(directory);
    mkdirSync(this.#directory, { recursive: true });
  }

  /** Where the node writes the `host:port` that it listens on. */
  portFile(id: string): string {
    return join(this.#directory, `${id}.port`);
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
      field: 'WSCLUSTER_PORT_FILE',
    });
  }

  save(record: NodeRecord): void {
    const path = this.#path(record.id);
    writeFileSync(`${path}.new`, JSON.stringify(record));
    renameSync(`${path}.new`, path);
  }

  remove(id: string): void {
    rmSync(this.#path(id), { force: true });
    rmSync(this.portFile(id), { force: true });
  }

  /** All records; `damaged` has the file names of unreadable ones. */
  load(): { records: NodeRecord[]; damaged: string[] } {
    const records: NodeRecord[] = [];
    const damaged: string[] = [];
    for (const file of readdirSync(this.#directory).filter((name) => name.endsWith('.json'))) {
      try {
        records.push(recordSchema.parse(JSON.parse(readFileSync(join(this.#directory, file), 'utf8'))));
      } catch {
        damaged.push(file);
      }
    }
    return { records, damaged };
  }

  #path(id: string): string {
    return join(this.#directory, `${id}.json`);
  }
}
