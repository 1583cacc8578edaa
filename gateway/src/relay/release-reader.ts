import { WsClusterError } from '@wscluster/ring';
import { NO_BYTES } from '../no-bytes.ts';
import { MAX_STATE_BYTES, saying } from './release-protocol.ts';

const CLOSE = 0x8;
/** The status of a Close that says no more than that. */
const NORMAL = 1000;
const PONG = 0xa;

/**
 * Reads what a node still sends on a connection that it has been asked to release, from a whole frame up to its Close.
 * Everything is for the client, except the Close, the answer to the question, and the state.
 */
export class ReleaseReader {
  readonly #answer: string | undefined;
  readonly #stateFollows: string | undefined;
  /** An incomplete header or control frame. */
  #pending: Buffer = NO_BYTES;
  #payloadLeft = 0;
  /** Undefined: messages are for the client. */
  #state: Buffer[] | undefined;
  #stateBytes = 0;
  #closed = false;
  /** A Close of either kind has come, behind which nothing counts. */
  #ended = false;

  /** `token`: of a node that understands the protocol. */
  constructor(token: string | undefined) {
    this.#answer = token && saying('release', token);
    this.#stateFollows = token && saying('state', token);
  }

  /**
   * The node has let go with a Close. If it understands the protocol, a Close with a status of its own is the
   * application's, and for the client.
   */
  get closed(): boolean {
    return this.#closed;
  }

  /** What the node hands over; empty if nothing. */
  get state(): Buffer {
    return this.#state === undefined ? NO_BYTES : Buffer.concat(this.#state);
  }

  /** Takes a chunk, and returns the part for the client. Throws OWNER_PROTOCOL if the state is too large. */
  read(chunk: Buffer): Buffer {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const parts: Buffer[] = [];
    let at = 0;
    while (at < bytes.length && !this.#ended) {
      if (this.#payloadLeft > 0) {
        const part = bytes.subarray(at, at + this.#payloadLeft);
        this.#takePayload(part, parts);
        at += part.length;
        continue;
      }
      const size = headerSize(bytes, at);
      if (size === undefined || at + size > bytes.length) break;
      const payload = payloadSize(bytes, at);
      if (((bytes[at] as number) & 0x08) === 0) {
        this.#beginFrame(bytes.subarray(at, at + size), payload, parts);
        at += size;
      } else {
        if (at + size + payload > bytes.length) break;
        this.#takeControl(bytes.subarray(at, at + size + payload), size, parts);
        at += size + payload;
      }
    }
    this.#pending = this.#ended || at === bytes.length ? NO_BYTES : Buffer.from(bytes.subarray(at));
    if (parts.length === 0) return NO_BYTES;
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  }

  #beginFrame(header: Buffer, payload: number, parts: Buffer[]): void {
    this.#payloadLeft = payload;
    if (this.#state !== undefined) return;
    parts.push(header);
  }

  #takePayload(part: Buffer, parts: Buffer[]): void {
    this.#payloadLeft -= part.length;
    if (this.#state === undefined) {
      parts.push(part);
      return;
    }
    this.#stateBytes += part.length;
    if (this.#stateBytes > MAX_STATE_BYTES)
      throw new WsClusterError('OWNER_PROTOCOL', `the node hands over more than ${MAX_STATE_BYTES} bytes of state`);
    this.#state.push(Buffer.from(part));
  }

  #takeControl(frame: Buffer, headerBytes: number, parts: Buffer[]): void {
    const opcode = (frame[0] as number) & 0x0f;
    const payload = frame.toString('latin1', headerBytes);
    if (opcode === CLOSE) {
      this.#ended = true;
      const isPlain = payload.length < 2 || frame.readUInt16BE(headerBytes) === NORMAL;
      if (isPlain || this.#answer === undefined) this.#closed = true;
      else parts.push(frame);
    } else if (opcode === PONG && payload === this.#stateFollows) this.#state ??= [];
    else if (opcode !== PONG || payload !== this.#answer) parts.push(frame);
  }
}

/** Of a frame without a mask; undefined while too little of it has arrived. */
function headerSize(bytes: Buffer, at: number): number | undefined {
  const second = bytes[at + 1];
  if (second === undefined) return undefined;
  const short = second & 0x7f;
  return (short < 126 ? 2 : short === 126 ? 4 : 10) + (second > 0x7f ? 4 : 0);
}

/** The whole header must have arrived. */
function payloadSize(bytes: Buffer, at: number): number {
  const short = (bytes[at + 1] as number) & 0x7f;
  if (short < 126) return short;
  return short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
}
