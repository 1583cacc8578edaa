import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const recordSchema = z.object({
  id: z.string().regex(/^[a-z0-9-]+$/),
  pid: z.int().positive(),
  /** See processIdentity. */
  identity: z.string(),
  /** Unix ms; undefined while it was not asked to leave. */
  drainingSince: z.number().optional(),
});
export type NodeRecord = z.infer<typeof recordSchema>;

/** The folder of a cluster's node processes: a record each, by which the next controller finds them. */
export class NodeRecords {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true });
  }

  /** Where the node writes the `host:port` that it listens on. */
  portFile(id: string): string {
    return join(this.#directory, `${id}.port`);
  }

  /** The address that the node announced; undefined while it has not. */
  address(id: string): string | undefined {
    try {
      return readFileSync(this.portFile(id), 'utf8').trim() || undefined;
    } catch {
      return undefined;
    }
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

  /** All records; unreadable ones by file name in `damaged`. */
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
