import { messageOf, WsClusterError } from '@wscluster/ring';

/**
 * The longest line that either end reads, in bytes. A ring of 4,096 members takes about 1 MiB; a much longer line is
 * not ours and must not fill a gateway's memory.
 */
export const MAX_LINE_BYTES = 8 * 1024 * 1024;

const NEWLINE = 0x0a;

/** Splits a byte stream into lines without their newline. What follows the last newline waits for the next chunk. */
export class LineSplitter {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #pendingBytes = 0;

  constructor(maxBytes: number = MAX_LINE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Returns the lines that `chunk` completes. Throws MESSAGE_INVALID if a line exceeds the limit; the stream is lost
   * then.
   */
  push(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      lines.push(this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts));
      this.#parts = [];
      this.#pendingBytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return lines;
  }

  #keep(part: Buffer): void {
    this.#pendingBytes += part.length;
    if (this.#pendingBytes > this.#maxBytes)
      throw new WsClusterError('MESSAGE_INVALID', `a line is longer than ${this.#maxBytes} bytes`);
    this.#parts.push(part);
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The text of a line. Throws MESSAGE_INVALID if it is not UTF-8. */
export function textOf(line: Buffer): string {
  try {
    return utf8.decode(line);
  } catch (cause) {
    throw new WsClusterError('MESSAGE_INVALID', `a line is not UTF-8: ${messageOf(cause)}`, { cause });
  }
}

/** Encodes a message as a line. JSON has no raw newlines, so a line is a message. */
export function lineOf(message: object): string {
  return `${JSON.stringify(message)}\n`;
}
