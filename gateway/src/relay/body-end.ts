import { WsClusterError } from '@wscluster/ring';
import { type AnswerHead, headerOf } from './answer-head.ts';

/** Finds the end of a body: takes each chunk and returns how many of its bytes belong to the body. */
export interface BodyEnd {
  readonly done: boolean;
  take(chunk: Buffer): number;
}

/**
 * How the body of an answer to a GET ends (RFC 9112, 6.3). With a malformed chunk it ends with the connection. Throws
 * OWNER_PROTOCOL if two readers could see two ends: a length that is none, several lengths, a length beside a transfer
 * coding, a coding other than chunked.
 */
export function bodyEndOf(head: AnswerHead): BodyEnd {
  const wrong = (what: string) => new WsClusterError('OWNER_PROTOCOL', `the owner's answer has ${what}`);
  const coding = headerOf(head, 'transfer-encoding')?.toLowerCase();
  const length = headerOf(head, 'content-length');
  if (coding !== undefined && coding !== 'chunked') throw wrong(`the transfer coding ${coding}`);
  if (coding !== undefined && length !== undefined) throw wrong('a length beside a transfer coding');
  if (length !== undefined && !/^\d{1,15}$/.test(length)) throw wrong('no valid length');
  if (head.status === 204 || head.status === 205 || head.status === 304) return countedBody(0);
  if (coding !== undefined) return chunkedBody();
  return length === undefined ? untilClosed() : countedBody(Number(length));
}

function untilClosed(): BodyEnd {
  return { done: false, take: (chunk) => chunk.length };
}

/** A body of so many bytes. */
export function countedBody(length: number): BodyEnd {
  let left = length;
  return {
    get done() {
      return left === 0;
    },
    take(chunk) {
      const taken = Math.min(left, chunk.length);
      left -= taken;
      return taken;
    },
  };
}

/** Follows the chunks, then the trailer up to its empty line. What is malformed has no end. */
export function chunkedBody(): BodyEnd {
  type State = 'size' | 'extension' | 'data' | 'trailer' | 'done' | 'malformed';
  let state: State = 'size';
  let size = 0;
  let lineLength = 0;

  const step = (byte: number): void => {
    if (state === 'trailer') {
      if (byte === 0x0a && lineLength === 0) state = 'done';
      else if (byte === 0x0a) lineLength = 0;
      else if (byte !== 0x0d) lineLength++;
    } else if (byte === 0x0a) {
      state = size === 0 ? 'trailer' : 'data';
      size += size === 0 ? 0 : 2; // the CRLF after the data
      lineLength = 0;
    } else if (state === 'size') {
      const digit = hexDigit(byte);
      if (digit >= 0 && size < 2 ** 44) size = size * 16 + digit;
      else state = byte === 0x3b || byte === 0x0d || byte === 0x20 || byte === 0x09 ? 'extension' : 'malformed';
    }
  };

  return {
    get done() {
      return state === 'done';
    },
    take(chunk) {
      let at = 0;
      while (at < chunk.length && state !== 'done') {
        if (state === 'malformed') return chunk.length;
        if (state === 'data') {
          const taken = Math.min(size, chunk.length - at);
          at += taken;
          size -= taken;
          if (size === 0) state = 'size';
        } else step(chunk[at++] as number);
      }
      return at;
    },
  };
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}
