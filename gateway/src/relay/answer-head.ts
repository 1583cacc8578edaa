import { hash } from 'node:crypto';
import { WsClusterError } from '@wscluster/ring';
import { NO_BYTES } from '../no-bytes.ts';

/** The head of an HTTP/1.1 answer, as received. */
export interface AnswerHead {
  readonly status: number;
  readonly reason: string;
  /** Names as sent, and values trimmed, in order. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  /** The bytes, including the empty line. */
  readonly raw: Buffer;
}

/** A complete head and the bytes that arrived after it. */
export interface Answer {
  readonly head: AnswerHead;
  readonly rest: Buffer;
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const STATUS_LINE = /^HTTP\/1\.[01] ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Collects the bytes of an answer until its head is complete. */
export class AnswerReader {
  readonly #maxBytes: number;
  #bytes: Buffer = NO_BYTES;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get started(): boolean {
    return this.#bytes.length > 0;
  }

  /**
   * Takes more bytes. Returns the head and the bytes after it, or undefined while the head is incomplete. Skips
   * informational answers (1xx except 101). Throws OWNER_PROTOCOL for a malformed or oversized head.
   */
  push(chunk: Buffer): Answer | undefined {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    for (;;) {
      const end = this.#bytes.indexOf(END_OF_HEAD);
      if (end < 0 ? this.#bytes.length > this.#maxBytes : end > this.#maxBytes)
        throw new WsClusterError(
          'OWNER_PROTOCOL',
          `the head of the owner's answer is larger than ${this.#maxBytes} bytes`,
        );
      if (end < 0) return undefined;
      const head = parseHead(this.#bytes.subarray(0, end + END_OF_HEAD.length));
      const rest = this.#bytes.subarray(end + END_OF_HEAD.length);
      if (head.status >= 200 || head.status === 101) return { head, rest };
      this.#bytes = rest;
    }
  }
}

function parseHead(raw: Buffer): AnswerHead {
  const lines = raw.toString('latin1', 0, raw.length - END_OF_HEAD.length).split('\r\n');
  const status = STATUS_LINE.exec(lines[0] ?? '');
  if (status === null) throw new WsClusterError('OWNER_PROTOCOL', "the owner's answer is not HTTP/1.1");
  const headers: Array<readonly [name: string, value: string]> = [];
  for (let at = 1; at < lines.length; at++) {
    const line = lines[at] as string;
    const colon = line.indexOf(':');
    const [name, value] = [line.slice(0, Math.max(0, colon)), line.slice(colon + 1)];
    // Patterns are only tested: what a match leaves would be half of the garbage of a dial.
    if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(value))
      throw new WsClusterError('OWNER_PROTOCOL', "the owner's answer has a malformed header");
    headers.push([name, trimmed(value)]);
  }
  return { status: Number(status[1]), reason: status[2] ?? '', headers, raw };
}

/**
 * Not with a pattern, which would take quadratic time for blanks within the value; and not all that counts as blank.
 */
function trimmed(value: string): string {
  let [from, to] = [0, value.length];
  while (from < to && isBlank(value.charCodeAt(from))) from++;
  while (to > from && isBlank(value.charCodeAt(to - 1))) to--;
  return value.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** All values of a header, joined as one list; undefined if it is absent. `name` in lower case. */
export function headerOf(head: AnswerHead, name: string): string | undefined {
  let joined: string | undefined;
  for (const [sent, value] of head.headers)
    if (sent.length === name.length && sent.toLowerCase() === name)
      joined = joined === undefined ? value : `${joined}, ${value}`;
  return joined;
}

/** Throws OWNER_PROTOCOL unless the 101 answers this upgrade (RFC 6455, 4.1). */
export function check101(head: AnswerHead, key: string): void {
  if (headerOf(head, 'upgrade')?.toLowerCase() !== 'websocket') throw wrong('Upgrade must be websocket');
  const connection = headerOf(head, 'connection') ?? '';
  if (!/(?:^|,)\s*upgrade\s*(?:,|$)/i.test(connection)) throw wrong('Connection must be Upgrade');
  if (headerOf(head, 'sec-websocket-accept') !== acceptOf(key)) throw wrong('Sec-WebSocket-Accept does not match');
}

function wrong(what: string): WsClusterError {
  return new WsClusterError('OWNER_PROTOCOL', `the owner's 101 does not answer this upgrade: ${what}`);
}

/** The Sec-WebSocket-Accept for a Sec-WebSocket-Key. */
export function acceptOf(key: string): string {
  return hash('sha1', `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`, 'base64');
}
