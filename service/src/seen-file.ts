import { readFile, stat } from 'node:fs/promises';

/**
 * Reads a file that is looked at often and seldom changes: only when it is another one than at the last look. One that
 * is written in place, not replaced, may be missed if that keeps its size and takes less than a tick of the file
 * system.
 */
export class SeenFile<T> {
  readonly #path: string;
  readonly #parse: (text: string) => T;
  #seen: { readonly state: string; readonly value: T } | undefined;

  /** `parse` makes of the text what `read` returns, and what must not be written to. */
  constructor(path: string, parse: (text: string) => T) {
    this.#path = path;
    this.#parse = parse;
  }

  /** Undefined if there is no file. Rejects with the error of the file system, or what `parse` throws. */
  async read(): Promise<T | undefined> {
    try {
      // Before it is read: one that is replaced meanwhile is read again at the next look.
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(this.#path, { bigint: true });
      const state = [dev, ino, size, mtimeNs, ctimeNs].join();
      if (this.#seen?.state !== state) this.#seen = { state, value: this.#parse(await readFile(this.#path, 'utf8')) };
      return this.#seen.value;
    } catch (error) {
      this.#seen = undefined;
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }
}
