import type { Socket } from 'node:net';
import type { Limits, SweptLimit } from '../limits.ts';
import { NO_BYTES } from '../no-bytes.ts';
import { type CloseNotice, closeFrame, IDLE, maskedCloseFrame, PING_FRAME } from './close-frame.ts';
import { endSocket } from './end-socket.ts';
import { FrameScanner } from './frame-scanner.ts';
import { Handover, type HandoverOutcome, type NextNode } from './handover.ts';
import { Outlet } from './outlet.ts';
import { retire } from './owner-socket.ts';
import { GONE, NO_EXIT, OPEN, type Phase } from './relay-phase.ts';
import { beginFrames } from './release-protocol.ts';
import { readShared } from './shared-read.ts';
import type { SlotLoad } from './slot-load.ts';
import { giveTo, NOBODY, type SocketUser } from './socket-user.ts';
import { Vitals } from './vitals.ts';
import { whenStill } from './when-still.ts';

/** Bytes relayed by this process, counted when they are read. */
export interface Traffic {
  toNode: number;
  toClient: number;
  /** The same by slot, as far as anybody asks. */
  readonly bySlot: SlotLoad;
}

/** Of the nodes that understand the protocol of handovers; see docs/migration.md. */
export interface Tokens {
  readonly oldOwner: string | undefined;
  readonly newOwner: string | undefined;
}

/** What was said while neither node had the connection. */
type Said = Pick<HandoverOutcome & { kind: 'switched' }, 'fromClient' | 'fromNode' | 'state'>;

/** What is relayed. */
export interface RelayedPair {
  readonly client: Socket;
  readonly node: Socket;
  /** The slot of the client's key, or PINNED. */
  readonly slot: number;
}

export interface RelayEvents {
  /** Both sockets are closed. */
  onGone(): void;
  /**
   * The node ended without a Close, and the client can still be told why: close() or endClient() does that. Returns a
   * function that is called when the connection ends otherwise.
   */
  onOrphaned(): () => void;
}

/**
 * Relays an upgraded connection as raw bytes, with backpressure in both directions, until both sockets are closed; then
 * it calls `onGone`. Takes over both sockets, whatever state they are in.
 */
export class Relay implements SocketUser {
  readonly #client: Socket;
  #node: Socket;
  readonly #toClient: Outlet;
  #toNode: Outlet;
  readonly #slot: number;
  readonly #limits: Limits;
  readonly #traffic: Traffic;
  readonly #events: RelayEvents;
  /** client -> node */
  readonly #up = new FrameScanner();
  /** node -> client */
  readonly #down = new FrameScanner();
  #phase: Phase = OPEN;
  #clientClosed = false;
  /** The present node's socket. */
  #nodeClosed = false;
  /** Only set while there is something to judge, since an idle connection should hold as little as possible. */
  #vitals: Vitals | undefined;

  constructor({ client, node, slot }: RelayedPair, limits: Limits, traffic: Traffic, events: RelayEvents) {
    this.#client = client;
    this.#slot = slot;
    this.#node = node;
    this.#toClient = new Outlet(client, node);
    this.#toNode = new Outlet(node, client);
    this.#limits = limits;
    this.#traffic = traffic;
    this.#events = events;
  }

  /** Starts with the bytes that arrived from either side along with its head. */
  start(fromClient: Buffer, fromNode: Buffer): void {
    const client = this.#client;
    giveTo(this, client);
    giveTo(this, this.#node);
    if (fromClient.length > 0) this.#fromClient(fromClient);
    if (fromNode.length > 0) this.#fromNode(fromNode);
    readShared(client);
    // A socket that closed before this had it may have told nobody. Or its event is about to come: Node sets `closed`
    // up to a turn before it, so each handler lets the socket go.
    if (client.closed) this.#onClientClose();
    if (this.#node.closed) this.#onNodeClose();
  }

  /**
   * Closes the connection gracefully: the client gets a Close at the end of a message, messages on their way to the
   * node still reach it, and the node sees the client's own Close. Does nothing if the connection is closing already.
   */
  close(notice: CloseNotice): void {
    if (this.#phase.kind === 'orphaned') {
      this.#client.resume();
      this.#tell(notice);
    }
    if (this.#phase.kind === 'handing-over') this.#phase.handover.giveUp();
    if (this.#phase.kind !== 'open') return;
    if (this.#down.isAt('message')) this.#tell(notice);
    else this.#awaitBoundary(notice);
  }

  /**
   * Takes the connection to another node, which has accepted it. `done` is called with the outcome; if it is `broken`,
   * the client has been told to reconnect, or cut off within a message. Does nothing else if the connection is closing.
   */
  handOver(next: NextNode, tokens: Tokens, notice: CloseNotice, done: (outcome: HandoverOutcome) => void): void {
    const isClosing =
      this.#phase.kind !== 'open' || this.#up.closeSeen || this.#down.closeSeen || this.#client.destroyed;
    // A socket that was reset says so a turn later; until then it takes what is written, and ends as if it had let go.
    if (isClosing || this.#node.destroyed) {
      next.socket.destroy();
      done({ kind: 'kept', fault: isClosing ? 'client-closing' : 'old-owner-broken' });
      return;
    }
    const ends = {
      client: this.#client,
      node: this.#node,
      toClient: this.#toClient,
      toNode: this.#toNode,
      up: this.#up,
      down: this.#down,
      token: tokens.oldOwner,
    };
    const handover = new Handover(ends, next, this.#limits, notice, (outcome) => {
      this.#enter(OPEN);
      if (outcome.kind === 'switched') this.#switchTo(next.socket, outcome, tokens.newOwner);
      else if (outcome.kind === 'broken') this.#tellWithoutNext(notice, outcome.fromClient);
      done(outcome);
    });
    this.#enter({ kind: 'handing-over', handover, exit: NO_EXIT });
    handover.start();
  }

  /** The node has ended the connection without a Close, and the client does not know yet. */
  get orphaned(): boolean {
    return this.#phase.kind === 'orphaned';
  }

  /** The client waits for another node; see holdOrphan. */
  get holdsOrphan(): boolean {
    return this.#phase.kind === 'orphaned' && this.#phase.held;
  }

  /**
   * If the node of the client is lost, and neither was within a message: holds the client, so that it can go on at
   * another node. Returns whether that is so.
   */
  holdOrphan(): boolean {
    if (this.#phase.kind !== 'orphaned' || !this.#up.isAt('message') || !this.#down.isAt('message')) return false;
    this.#phase.held = true;
    this.#client.pause();
    return true;
  }

  /**
   * Another node, which has accepted the connection, takes the place of the lost one. Returns false if it cannot: the
   * client may have gone.
   */
  adoptOrphan(next: NextNode, token: string | undefined): boolean {
    if (this.#phase.kind !== 'orphaned' || this.#client.destroyed) {
      next.socket.destroy();
      return false;
    }
    this.#enter(OPEN);
    this.#switchTo(next.socket, { fromClient: NO_BYTES, fromNode: next.rest, state: NO_BYTES }, token);
    return true;
  }

  /** The client of a lost node sees what it would see without a gateway: an end without a Close. */
  endClient(): void {
    if (this.#phase.kind !== 'orphaned') return;
    this.#client.resume();
    this.#endClient();
    this.#leave();
  }

  /**
   * Checks whether an open connection is still used, alive and read; call this every sweepMs. Returns the limit that
   * ended it, if one did. A client's Pong goes to the node like any frame: an unsolicited Pong is legal and means
   * nothing (RFC 6455, 5.5.3).
   */
  sweep(limits: Limits): SweptLimit | undefined {
    // A closing connection has its own deadlines.
    if (this.#phase.kind !== 'open') return undefined;
    const nothingWaits = this.#client.writableLength === 0 && this.#node.writableLength === 0;
    if (nothingWaits && limits.idleMs === 0 && limits.pingMs === 0) {
      this.#vitals = undefined;
      return undefined;
    }
    this.#vitals ??= new Vitals();
    const verdict = this.#vitals.look(this.#client, this.#node, limits);
    if (verdict === undefined) return undefined;
    if (verdict === 'idle') {
      this.close(IDLE);
      return 'idleSeconds';
    }
    if (verdict === 'quiet') {
      // No Ping may be inserted within a frame or after a Close; the next sweep tries again.
      if (!this.#down.atFrameBoundary || this.#down.closeSeen) return undefined;
      this.#toClient.write(PING_FRAME);
      this.#vitals.pinged();
      return undefined;
    }
    this.destroy();
    return verdict === 'dead' ? 'pingSeconds' : 'stallSeconds';
  }

  /** Bytes that have come from both ends; from the node since it has had the connection. */
  get relayedBytes(): number {
    return this.#client.bytesRead + this.#node.bytesRead;
  }

  /** Bytes that wait for the client or the node to read them. */
  get heldBytes(): number {
    return this.#client.writableLength + this.#node.writableLength;
  }

  /** Ends both sockets at once. */
  destroy(): void {
    this.#client.destroy();
    this.#node.destroy();
  }

  onChunk(chunk: Buffer, socket: Socket): boolean {
    return socket === this.#client ? this.#fromClient(chunk) : this.#fromNode(chunk);
  }

  onEnd(socket: Socket): void {
    if (socket === this.#client) this.#onClientEnd();
    else this.#onNodeEnd();
  }

  onClose(socket: Socket): void {
    if (socket === this.#client) this.#onClientClose();
    else this.#onNodeClose();
  }

  onDrain(socket: Socket): void {
    if (socket === this.#client) this.#node.resume();
    else if (this.#phase.kind !== 'handing-over' || !this.#phase.handover.holdsClient) this.#client.resume();
  }

  #fromClient(chunk: Buffer): boolean {
    this.#traffic.toNode += chunk.length;
    const isDone = this.#relayFromClient(chunk);
    this.#traffic.bySlot.add(this.#slot, this.#up.takeMessages(), chunk.length);
    return isDone;
  }

  /** Returns whether the chunk's memory is no longer used. */
  #relayFromClient(chunk: Buffer): boolean {
    const phase = this.#phase;
    if (phase.kind === 'open') {
      this.#up.scan(chunk);
      return this.#toNode.write(chunk);
    }
    if (phase.kind === 'told') {
      const end = this.#up.scanTo(chunk, 'close');
      this.#writeToNode(end < 0 ? chunk : chunk.subarray(0, end));
      if (this.#up.closeSeen) this.#finish(this.#limits.closeMs);
    } else if (phase.kind === 'handing-over') phase.handover.fromClient(chunk);
    else if (phase.kind === 'orphaned') {
      this.#up.scan(chunk);
      if (this.#up.closeSeen) this.endClient();
      return true;
    } else if (phase.kind === 'finishing') return true;
    else {
      this.#up.scan(chunk);
      this.#writeToNode(chunk);
    }
    return false;
  }

  #fromNode(chunk: Buffer): boolean {
    this.#traffic.toClient += chunk.length;
    const isDone = this.#relayFromNode(chunk);
    this.#traffic.bySlot.add(this.#slot, this.#down.takeMessages(), chunk.length);
    return isDone;
  }

  /** The same for a chunk from the node. */
  #relayFromNode(chunk: Buffer): boolean {
    const phase = this.#phase;
    if (phase.kind === 'open' || phase.kind === 'leaving') {
      this.#down.scan(chunk);
      return this.#toClient.write(chunk);
    }
    if (phase.kind === 'handing-over') phase.handover.fromNode(chunk);
    else if (phase.kind === 'awaiting-boundary') {
      const end = this.#down.scanTo(chunk, phase.boundary);
      this.#toClient.write(end < 0 ? chunk : chunk.subarray(0, end));
      if (end >= 0) this.#tell(phase.notice);
    } else return true;
    return false;
  }

  #writeToNode(chunk: Buffer): void {
    if (this.#node.writable) this.#toNode.write(chunk);
  }

  /** The old owner has let go: the new one takes its place. */
  #switchTo(node: Socket, said: Said, token: string | undefined): void {
    this.#nodeClosed = false;
    retire(this.#node, this.#limits.nodeCloseMs);
    this.#node = node;
    this.#toClient.source = node;
    this.#toNode = new Outlet(node, this.#client);
    this.#vitals = undefined;
    giveTo(this, node);
    if (token !== undefined) for (const frame of beginFrames(said.state, token)) this.#toNode.write(frame);
    if (said.fromNode.length > 0) this.#fromNode(said.fromNode);
    this.#client.resume();
    if (said.fromClient.length > 0) this.#relayHeld(said.fromClient);
    if (!this.#client.writableNeedDrain) this.#node.resume();
    if (this.#node.closed) this.#onNodeClose();
  }

  /** The old owner was asked to let go, and no other one takes its place. `held`: what the client said meanwhile. */
  #tellWithoutNext(notice: CloseNotice, held: Buffer): void {
    this.#client.resume();
    if (!this.#client.writableNeedDrain) this.#node.resume();
    if (this.#down.atFrameBoundary) this.#tell(notice);
    else if (!this.#node.destroyed && !this.#node.readableEnded) this.#awaitBoundary(notice, 'frame');
    else {
      this.destroy();
      return;
    }
    if (held.length > 0) this.#relayHeld(held);
  }

  /** What the client said while neither node had the connection; its bytes are counted already. */
  #relayHeld(bytes: Buffer): void {
    this.#relayFromClient(bytes);
    this.#traffic.bySlot.add(this.#slot, this.#up.takeMessages(), 0);
  }

  #endClient(): void {
    this.#toClient.flush();
    endSocket(this.#client);
  }

  #endNode(): void {
    this.#toNode.flush();
    endSocket(this.#node);
  }

  #enter(next: Phase): void {
    this.#phase.exit();
    this.#phase = next;
  }

  #awaitBoundary(notice: CloseNotice, boundary: 'message' | 'frame' = 'message'): void {
    const stopWatch = this.#destroyWhenStill();
    const grace = setTimeout(() => {
      if (this.#down.atFrameBoundary) this.#tell(notice);
      else phase.boundary = 'frame';
    }, this.#limits.messageGraceMs);
    const phase: Phase & { kind: 'awaiting-boundary' } = {
      kind: 'awaiting-boundary',
      notice,
      boundary,
      exit: () => {
        clearTimeout(grace);
        stopWatch();
      },
    };
    this.#enter(phase);
  }

  /** Call this only at a frame boundary towards the client. */
  #tell(notice: CloseNotice): void {
    // One of the ends has sent a Close of its own, so there is no need for a second one.
    if (this.#up.closeSeen || this.#down.closeSeen) {
      this.#leave();
      return;
    }
    const deadline = setTimeout(() => this.#giveUpOnClient(notice), this.#limits.closeMs);
    this.#enter({ kind: 'told', notice, exit: () => clearTimeout(deadline) });
    this.#toClient.write(closeFrame(notice));
    // Its data is dropped from now on; if it stayed paused, its end would never be noticed.
    this.#node.resume();
  }

  /** Both sides are closing by themselves: relays what is left, but not forever. */
  #leave(): void {
    this.#enter({ kind: 'leaving', exit: this.#destroyWhenStill() });
  }

  /** The client has answered the Close: as the server, the gateway ends TCP first; so does the node on its side. */
  #finish(deadlineMs: number): void {
    const deadline = setTimeout(() => this.destroy(), deadlineMs);
    this.#enter({ kind: 'finishing', exit: () => clearTimeout(deadline) });
    this.#endClient();
    if (this.#node.readableEnded) this.#endNode();
    this.#client.resume();
    this.#node.resume();
  }

  /** The client does not answer the Close, or is gone: the node gets a Close on its behalf if that is possible. */
  #giveUpOnClient(notice: CloseNotice): void {
    this.#finish(this.#limits.nodeCloseMs);
    this.#client.destroy();
    if (this.#node.writable && this.#up.isAt('frame') && !this.#up.closeSeen) {
      this.#toNode.write(maskedCloseFrame(notice));
      this.#endNode();
    } else this.#node.destroy();
  }

  /** The node ended, or its connection broke, without a Close. */
  #loseNode(): void {
    this.#endNode();
    if (!this.#down.atFrameBoundary || this.#client.destroyed) this.destroy();
    else if (this.#up.closeSeen) {
      this.#endClient();
      this.#leave();
    } else if (this.#phase.kind === 'awaiting-boundary') this.#tell(this.#phase.notice);
    else {
      this.#enter({ kind: 'orphaned', held: false, exit: NO_EXIT });
      this.#phase.exit = this.#events.onOrphaned();
    }
  }

  #onNodeEnd(): void {
    if (this.#phase.kind === 'handing-over') {
      const node = this.#node;
      this.#phase.handover.nodeEnded();
      // That was all that the new one waited for.
      if (this.#node !== node) return;
    }
    const { kind } = this.#phase;
    if ((kind === 'open' || kind === 'awaiting-boundary') && !this.#down.closeSeen) this.#loseNode();
    else if (kind === 'open' || kind === 'leaving') {
      this.#endClient();
      if (kind === 'open') this.#leave();
    } else this.#endNode();
    // It may be paused for a node that reads nothing any more, and its end must be noticed.
    if (this.#phase.kind !== 'orphaned' || !this.#phase.held) this.#client.resume();
  }

  #onNodeClose(): void {
    const node = this.#node;
    giveTo(NOBODY, node);
    if (!node.readableEnded) this.#onNodeEnd();
    // Its end may have been all that a switch waited for.
    if (this.#node !== node) return;
    this.#nodeClosed = true;
    this.#endIfClosed();
  }

  #onClientEnd(): void {
    if (this.#phase.kind === 'handing-over') this.#phase.handover.giveUp('client-closing');
    const phase = this.#phase;
    if (phase.kind === 'told') this.#giveUpOnClient(phase.notice);
    else if (phase.kind === 'orphaned') this.endClient();
    else if (phase.kind !== 'finishing') {
      this.#endNode();
      if (phase.kind !== 'leaving') this.#leave();
    }
  }

  #onClientClose(): void {
    giveTo(NOBODY, this.#client);
    if (this.#phase.kind === 'handing-over') this.#phase.handover.giveUp('client-closing');
    const phase = this.#phase;
    if (phase.kind === 'told') this.#giveUpOnClient(phase.notice);
    else if (phase.kind !== 'finishing') {
      // After a FIN, what the client sent is still being written. The node may be paused for a client that is gone, and
      // its end must be noticed. After a reset nobody waits for anything.
      if (!this.#client.readableEnded) this.#node.destroy();
      else if (!this.#nodeClosed) this.#finish(this.#limits.closeMs);
    }
    this.#clientClosed = true;
    this.#endIfClosed();
  }

  #endIfClosed(): void {
    if (!this.#clientClosed || !this.#nodeClosed) return;
    this.#enter(GONE);
    this.#events.onGone();
  }

  /** Destroys both ends once nothing has come through to the client for closeMs. Returns a function that stops this. */
  #destroyWhenStill(): () => void {
    const progress = () => this.#node.bytesRead - this.#client.writableLength;
    return whenStill(progress, this.#limits.closeMs, () => this.destroy());
  }
}
