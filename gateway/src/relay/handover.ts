import type { Socket } from 'node:net';
import type { Limits } from '../limits.ts';
import { NO_BYTES } from '../no-bytes.ts';
import { PatientTimer } from '../patient-timer.ts';
import { type CloseNotice, maskedCloseFrame } from './close-frame.ts';
import type { FrameScanner } from './frame-scanner.ts';
import type { Outlet } from './outlet.ts';
import { releaseFrame } from './release-protocol.ts';
import { ReleaseReader } from './release-reader.ts';
import { giveTo, NOBODY, type SocketUser } from './socket-user.ts';

/** Answers the Close with which an old owner lets go. */
const RELEASED: CloseNotice = { code: 1000, reason: '' };
/** Bytes of the new owner that may wait for the switch; then it is held back. */
const EARLY_BYTES = 65_536;

/** The new owner, which has accepted the connection. */
export interface NextNode {
  readonly socket: Socket;
  /** What it sent right behind its 101. */
  readonly rest: Buffer;
}

/** How the relay's two ends stand at present. */
export interface RelayEnds {
  readonly client: Socket;
  readonly node: Socket;
  readonly toClient: Outlet;
  readonly toNode: Outlet;
  /** client -> node */
  readonly up: FrameScanner;
  /** node -> client */
  readonly down: FrameScanner;
  /** Of a node that understands the protocol; another one gets a Close. */
  readonly token: string | undefined;
}

/** Why a connection did not move to its new owner; the client is told to reconnect instead. */
export type HandoverFault =
  | 'client-closing'
  | 'client-within-message'
  | 'old-owner-silent'
  | 'old-owner-broken'
  | 'new-owner-broken'
  | 'given-up';

export type HandoverOutcome =
  | {
      readonly kind: 'switched';
      /** What the client has sent meanwhile; it is paused. */
      readonly fromClient: Buffer;
      /** What the new owner has said meanwhile. */
      readonly fromNode: Buffer;
      /** What the old owner hands over. */
      readonly state: Buffer;
      /** Milliseconds for which what the client sent had to wait. */
      readonly blackoutMs: number;
    }
  /** The old owner knows of nothing, and goes on. */
  | { readonly kind: 'kept'; readonly fault: HandoverFault }
  /** The old owner is no longer there for the client, which is paused, and has sent `fromClient` meanwhile. */
  | { readonly kind: 'broken'; readonly fault: HandoverFault; readonly fromClient: Buffer };

/**
 * Takes an open connection from its old owner to a new one between two messages, without the client noticing.
 *
 * ```
 *  holding ──the client is between two messages──▶ releasing ──the old owner's Close──▶ switched
 *     └──fault──▶ kept                                 └──fault──▶ broken
 * ```
 * | phase     | client -> node                               | node -> client                           | at most   |
 * |-----------|----------------------------------------------|------------------------------------------|-----------|
 * | holding   | relayed to the old owner, up to the boundary | relayed                                  | holdMs    |
 * | releasing | waits                                        | relayed, up to the old owner's Close     | releaseMs |
 *
 * What the new owner says waits until the switch.
 */
export class Handover implements SocketUser {
  readonly #ends: RelayEnds;
  readonly #next: NextNode;
  readonly #limits: Limits;
  readonly #notice: CloseNotice;
  readonly #done: (outcome: HandoverOutcome) => void;
  readonly #timer = new PatientTimer();
  #releasing = false;
  /** From the first frame on that begins after the question. */
  #reader: ReleaseReader | undefined;
  #heldSince = 0;
  #held: Buffer = NO_BYTES;
  #early: Buffer[] = [];
  #earlyBytes = 0;
  #over = false;

  /**
   * `notice`: for an old owner that knows nothing of handovers. `done` is called once, after this call has returned.
   */
  constructor(
    ends: RelayEnds,
    next: NextNode,
    limits: Limits,
    notice: CloseNotice,
    done: (outcome: HandoverOutcome) => void,
  ) {
    this.#ends = ends;
    this.#next = next;
    this.#limits = limits;
    this.#notice = notice;
    this.#done = done;
  }

  start(): void {
    const { socket, rest } = this.#next;
    giveTo(this, socket);
    this.#keepEarly(rest);
    if (socket.closed) this.onClose();
    else if (this.#ends.up.isAt('message')) this.#hold(NO_BYTES);
    else this.#timer.start(this.#limits.holdMs, () => this.#fail('client-within-message'));
  }

  // Of the new owner, as onEnd and onClose; the relay has the old one, and passes on what comes from it.
  onChunk(chunk: Buffer): boolean {
    this.#keepEarly(chunk);
    return false;
  }

  onEnd(): void {
    this.#fail('new-owner-broken');
  }

  onClose(): void {
    this.#fail('new-owner-broken');
  }

  fromClient(chunk: Buffer): void {
    if (this.#releasing) {
      // Read before the pause took effect.
      this.#held = Buffer.concat([this.#held, chunk]);
      return;
    }
    const { up, toNode } = this.#ends;
    const end = up.scanTo(chunk, 'message');
    toNode.write(end < 0 ? chunk : chunk.subarray(0, end));
    if (up.closeSeen) this.#fail('client-closing');
    else if (end >= 0) this.#hold(chunk.subarray(end));
  }

  fromNode(chunk: Buffer): void {
    const { down, toClient } = this.#ends;
    let left = chunk;
    if (this.#reader === undefined) {
      const end = this.#releasing ? down.scanTo(chunk, 'frame') : -1;
      if (!this.#releasing) down.scan(chunk);
      toClient.write(end < 0 ? chunk : chunk.subarray(0, end));
      // It ends the connection by itself, and the client has its Close.
      if (down.closeSeen) this.#fail('old-owner-broken');
      if (end < 0 || this.#over) return;
      left = chunk.subarray(end);
      this.#reader = new ReleaseReader(this.#ends.token);
    }
    this.#readRelease(this.#reader, left);
  }

  #readRelease(reader: ReleaseReader, chunk: Buffer): void {
    const { down, toClient } = this.#ends;
    try {
      const forClient = reader.read(chunk);
      down.scan(forClient);
      toClient.write(forClient);
    } catch {
      this.#fail('old-owner-broken');
      return;
    }
    if (reader.closed) this.#switch(reader.state);
    // It ends the connection by itself, and the client has its Close.
    else if (down.closeSeen) this.#fail('old-owner-broken');
  }

  /** The old owner has ended its side, without a Close. */
  nodeEnded(): void {
    // Some servers end TCP without answering a Close.
    if (this.#releasing && this.#ends.token === undefined) this.#switch(NO_BYTES);
    else this.#fail('old-owner-broken');
  }

  /** The client waits, and must not be resumed. */
  get holdsClient(): boolean {
    return this.#releasing && !this.#over;
  }

  giveUp(fault: HandoverFault = 'given-up'): void {
    this.#fail(fault);
  }

  /** Between two messages of the client: holds it, and asks the old owner to let go. */
  #hold(rest: Buffer): void {
    const { client, toNode, node, token } = this.#ends;
    client.pause();
    this.#held = rest;
    this.#heldSince = performance.now();
    this.#releasing = true;
    const ms = token === undefined ? this.#limits.closeMs : this.#limits.releaseMs;
    this.#timer.start(ms, () => this.#fail('old-owner-silent'));
    toNode.write(token === undefined ? maskedCloseFrame(this.#notice) : releaseFrame(token));
    toNode.flush();
    // It may be paused for a client that reads slowly; then 'drain' resumes it.
    if (!client.writableNeedDrain) node.resume();
  }

  #switch(state: Buffer): void {
    if (!this.#ends.down.isAt('message')) {
      this.#fail('old-owner-broken');
      return;
    }
    // Its end follows.
    if (this.#next.socket.destroyed) {
      this.#fail('new-owner-broken');
      return;
    }
    this.#end();
    this.#answerClose();
    this.#done({
      kind: 'switched',
      fromClient: this.#held,
      fromNode: this.#early.length === 0 ? NO_BYTES : Buffer.concat(this.#early),
      state,
      blackoutMs: performance.now() - this.#heldSince,
    });
  }

  /** One that was not sent a Close first has sent its own, and its server would report an end without an answer. */
  #answerClose(): void {
    const { node, toNode, token } = this.#ends;
    if (token === undefined || !node.writable) return;
    toNode.write(maskedCloseFrame(RELEASED));
    toNode.flush();
  }

  #fail(fault: HandoverFault): void {
    if (this.#over) return;
    const kept = !this.#releasing;
    this.#end();
    giveTo(NOBODY, this.#next.socket);
    this.#next.socket.destroy();
    this.#done(kept ? { kind: 'kept', fault } : { kind: 'broken', fault, fromClient: this.#held });
  }

  #end(): void {
    this.#over = true;
    this.#timer.stop();
  }

  #keepEarly(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#early.push(chunk);
    this.#earlyBytes += chunk.length;
    if (this.#earlyBytes > EARLY_BYTES) this.#next.socket.pause();
  }
}
