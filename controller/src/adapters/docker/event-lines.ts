import { StringDecoder } from 'node:string_decoder';

/**
 * Splits the engine's event stream into JSON texts, one per line. A chunk may hold several lines, or a part of one, or
 * a part of a character; an unfinished line waits for the next chunk.
 */
export class EventLines {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  push(chunk: Buffer): string[] {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.map((line) => line.trim()).filter((line) => line !== '');
  }
}
