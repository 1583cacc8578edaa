import { StringDecoder } from 'node:string_decoder';

/** Cuts a stream of JSON texts, one a line, wherever its chunks end: in the middle of a line, or of a character. */
export class JsonLines {
  readonly #decoder = new StringDecoder('utf8');
  /** Pieces of the line that has not ended yet: objects may be large, and come in many chunks. */
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
