import { StringDecoder } from 'node:string_decoder';

/**
 * Cuts the engine's event stream into JSON texts, one a line. A chunk may hold several, or half of one, or half of a
 * character; what is unfinished waits for the next chunk.
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
