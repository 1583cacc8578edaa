import type { Socket } from 'node:net';
import { NO_BYTES } from '../no-bytes.ts';
import type { BodyEnd } from '../relay/body-end.ts';
import type { OneATurn, Waiter } from './one-a-turn.ts';

const END_OF_HEAD = Buffer.from('\r\n\r\n');
/** From so many bytes or chunks on that are held, nothing more is read. */
const MAX_HELD_BYTES = 65_536;
const MAX_HELD_CHUNKS = 64;
/** Pieces that end like a head and have none double up to this size, so that many empty lines cost little. */
const MAX_PIECE_BYTES = 2_048;

/**
 * Stands between a client's socket and Node's HTTP parser. The parser would read as many pipelined requests as there
 * are in a chunk, thousands, and hold all of them. The gate cuts what arrives behind each head and each body, and
 * passes on no further piece while `isOpen` says no. It then reads on only to a limit. Each piece of a head waits for
 * its turn, since it may cost as much as a hundred messages of open connections. The gate adds and drops no byte, so
 * it does no harm if it takes something else than the parser for the end of a body.
 */
export class RequestGate implements Waiter {
  readonly #socket: Socket;
  readonly #heads: OneATurn;
  readonly #isOpen: () => boolean;
  readonly #onUnseen: () => void;
  readonly #push: Socket['push'];
  readonly #read: Socket['_read'];
  /** The rest of the chunk of which a piece was passed on last, and the chunks after it. */
  #held: Buffer = NO_BYTES;
  readonly #after: Buffer[] = [];
  #afterBytes = 0;
  /** The client has ended, behind what is held. */
  #ended = false;
  #feeding = false;
  /** The stream has asked for more while the gate was full. */
  #readWanted = false;
  #detached = false;
  /** Of the request whose head was passed on last, unless all of it was. */
  #body: BodyEnd | undefined;
  /** The next piece of a head has at least so many bytes. */
  #pieceBytes = 0;
  /** Bytes of the end of a head that the last piece ended with. */
  #begun = 0;
  /** A piece of a head waits for its turn. */
  #waits = false;
  /** It is its turn. */
  #hasTurn = false;

  /** `heads`: of all sockets. `onUnseen`: see unseen, when it becomes true. */
  constructor(socket: Socket, heads: OneATurn, isOpen: () => boolean, onUnseen: () => void) {
    this.#socket = socket;
    this.#heads = heads;
    this.#isOpen = isOpen;
    this.#onUnseen = onUnseen;
    this.#push = socket.push;
    this.#read = socket._read;
    // The parser reads from the system, past the socket, until somebody else listens for data.
    socket.on('data', nothing).off('data', nothing);
    socket.push = (chunk: Buffer | null) => this.#take(chunk);
    // Each request that is read makes the stream ask for more, and each time it would get a whole chunk.
    socket._read = (size) => {
      if (this.#isFull) this.#readWanted = true;
      else this.#read.call(socket, size);
    };
    socket.on('resume', this.feed);
  }

  /** Nobody would notice if the client went: it has ended behind what is held, or nothing is read. */
  get unseen(): boolean {
    return this.#ended || this.#isFull;
  }

  /** Passes on what is held, as far as it may. */
  feed = (): void => {
    if (this.#feeding || this.#detached) return;
    this.#feeding = true;
    while (this.#held.length > 0 && this.#mayPass() && (this.#body !== undefined || this.#takesTurn())) {
      const piece = this.#cut();
      this.#held = this.#held.subarray(piece.length);
      if (this.#held.length === 0) this.#nextChunk();
      this.#push.call(this.#socket, piece);
      if (this.#detached) return;
    }
    this.#feeding = false;
    if (!this.#isFull) this.#readOn();
    if (this.#held.length === 0 && this.#ended) this.#push.call(this.#socket, null);
  };

  /** What waited for its turn has it. */
  begin(): void {
    this.#waits = false;
    this.#hasTurn = true;
    this.feed();
    this.#hasTurn = false;
  }

  /** The parser has found the head of a request in the last piece; its body follows. */
  headFound(body: BodyEnd): void {
    this.#body = body.done ? undefined : body;
    this.#pieceBytes = 0;
  }

  /** Takes the gate away, and returns what it holds. */
  detach(): Buffer {
    this.#detached = true;
    this.#socket.off('resume', this.feed);
    this.#socket.push = this.#push;
    this.#socket._read = this.#read;
    this.#readOn();
    if (this.#ended) {
      this.#push.call(this.#socket, null);
      // Lets the stream see that nothing is before its end.
      this.#socket.read(0);
    }
    return this.#after.length === 0 ? this.#held : Buffer.concat([this.#held, ...this.#after]);
  }

  #take(chunk: Buffer | null): boolean {
    if (chunk === null) this.#ended = true;
    else if (this.#held.length === 0) this.#held = chunk;
    else {
      this.#after.push(chunk);
      this.#afterBytes += chunk.length;
    }
    this.feed();
    if (this.#held.length > 0 && this.unseen) this.#onUnseen();
    return this.#detached || !this.#isFull;
  }

  #readOn(): void {
    if (!this.#readWanted) return;
    this.#readWanted = false;
    this.#read.call(this.#socket, 0);
  }

  get #isFull(): boolean {
    return this.#held.length + this.#afterBytes >= MAX_HELD_BYTES || this.#after.length >= MAX_HELD_CHUNKS;
  }

  #nextChunk(): void {
    this.#held = this.#after.shift() ?? NO_BYTES;
    this.#afterBytes -= this.#held.length;
    if (this.#after.length === 0) this.#afterBytes = 0;
  }

  /** The stream must pass a piece on at once; what it keeps for later is not under the gate's control. */
  #mayPass(): boolean {
    const { readableFlowing, readableLength, destroyed } = this.#socket;
    return !destroyed && readableFlowing === true && readableLength === 0 && this.#isOpen();
  }

  #takesTurn(): boolean {
    if (this.#waits) return false;
    if (this.#hasTurn || this.#heads.take()) {
      this.#hasTurn = false;
      return true;
    }
    this.#waits = true;
    this.#heads.wait(this);
    return false;
  }

  #cut(): Buffer {
    const held = this.#held;
    if (this.#body !== undefined) {
      const piece = held.subarray(0, this.#body.take(held));
      if (this.#body.done) this.#body = undefined;
      return piece;
    }
    const missing = END_OF_HEAD.subarray(this.#begun);
    const completes = this.#begun > 0 && held.subarray(0, missing.length).equals(missing);
    const at = completes ? 0 : held.indexOf(END_OF_HEAD, this.#pieceBytes);
    const end = completes ? missing.length : at + END_OF_HEAD.length;
    const piece = at < 0 ? held : held.subarray(0, end);
    this.#begun = at < 0 ? begunAtEnd(piece) : 0;
    // Unless the parser finds a head in it.
    if (at >= 0) this.#pieceBytes = Math.min(MAX_PIECE_BYTES, Math.max(64, 2 * this.#pieceBytes));
    return piece;
  }
}

function begunAtEnd(piece: Buffer): number {
  for (let size = Math.min(3, piece.length); size > 0; size--)
    if (piece.subarray(-size).equals(END_OF_HEAD.subarray(0, size))) return size;
  return 0;
}

function nothing(): void {}
