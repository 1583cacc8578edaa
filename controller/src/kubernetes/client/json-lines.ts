import { StringDecoder } from 'node:string_decoder';

/** Splits a stream of JSON texts, one per line, wherever its chunks end: even within a line or a character. */
export class JsonLines {
  readonly #decoder = new StringDecoder('utf8');
  /** Parts of the unfinished line: objects may be large, and arrive in many chunks. */
  #pieces: string[] = [];

  push(chunk: Buffer): string[] {
    const [first = '', ...others] = this.#decoder.write(chunk).split('\n');
    this.#pieces.push(first);
    const last = others.pop();
    if (last === undefined) return [];
    const lines = [this.#pieces.join(''), ...others];
    this.#pieces = [last];
    return lines.filter((line) => line.trim() !== '');
  }
}
