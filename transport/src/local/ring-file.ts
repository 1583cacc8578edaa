import { readFile } from 'node:fs/promises';
import { decodeRing, messageOf, parseRingMessage, type RingMessage, WsClusterError } from '@wscluster/ring';
import { InProgress } from '@wscluster/service';
import type { RingReader } from '../ring-store.ts';

/** Reads the ring that a file store keeps. It takes no lock: the file is only ever replaced as a whole. */
export function openFileReader({ path }: { readonly path: string }): RingReader {
  const work = new FileWork(path);
  return { load: () => work.run(() => loadRing(path)), close: () => work.close() };
}

/** What goes on with a file: its errors name it, and closing waits for it. */
export class FileWork {
  readonly #path: string;
  readonly #working = new InProgress();
  #closed = false;

  constructor(path: string) {
    this.#path = path;
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed)
      return Promise.reject(new WsClusterError('STORE_UNAVAILABLE', `${this.#path}: the store is closed`));
    const done = work().catch((error: unknown) => {
      throw storeError(this.#path, error);
    });
    this.#working.add(done);
    return done;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#working.settled();
  }
}

export async function loadRing(path: string): Promise<RingMessage | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const message = parseRingMessage(text);
  decodeRing(message); // detects a damaged table, which is still a valid string
  return message;
}

export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function storeError(path: string, error: unknown): WsClusterError {
  if (error instanceof WsClusterError)
    return new WsClusterError(error.code, `${path}: ${error.message}`, {
      cause: error,
      ...(error.field !== undefined && { field: error.field }),
    });
  return new WsClusterError('STORE_UNAVAILABLE', `${path}: ${messageOf(error)}`, { cause: error });
}
