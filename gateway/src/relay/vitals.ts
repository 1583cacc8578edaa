import type { Socket } from 'node:net';
import type { Limits } from '../limits.ts';
import { PONG_BYTES } from './close-frame.ts';

/** Pings without an answer after which a client counts as dead. */
const MAX_PINGS = 2;

/** `quiet`: the client is to be asked whether it is still there. */
export type Verdict = 'idle' | 'quiet' | 'dead' | 'stalled' | undefined;

type NodeEnd = Pick<Socket, 'bytesRead' | 'writableLength'>;
type ClientEnd = Pick<Socket, 'bytesRead' | 'writableLength' | 'isPaused'>;

/** Whether what waits for one end is taken. While it waits the other end is held back, and cannot even be seen to go. */
class Backlog {
  /** Bytes that the end had taken when last some waited; -1 when none did. */
  #taken = -1;
  /** Looks since it took any. */
  #still = 0;

  /** Returns the looks since the end took something of what waits; 0 when nothing does. */
  look(read: number, waiting: number): number {
    // One write is 64 KiB at most, and counts as taken once it is taken whole.
    const taken = waiting > 0 ? read - waiting : -1;
    this.#still = waiting > 0 && taken === this.#taken ? this.#still + 1 : 0;
    this.#taken = taken;
    return this.#still;
  }
}

/**
 * Whether an open connection is still used, alive and read at both ends, judged by what its sockets counted between two looks. So it
 * costs nothing per message and no timer. Spans are counted in looks of sweepMs: an event loop that was held up makes
 * them longer, never shorter.
 */
export class Vitals {
  #fromClient = 0;
  #fromNode = 0;
  readonly #toClient = new Backlog();
  readonly #toNode = new Backlog();
  /** Looks since anything moved; since the client was heard or pinged. */
  #idle = 0;
  #silent = 0;
  /** Pings since the client was heard. */
  #pings = 0;

  /** A Ping was sent. */
  pinged(): void {
    this.#pings++;
    this.#silent = 0;
  }

  look(client: ClientEnd, node: NodeEnd, { idleMs, pingMs, stallMs, sweepMs }: Limits): Verdict {
    const waiting = client.writableLength;
    if (stallMs > 0) {
      const toClient = this.#toClient.look(node.bytesRead, waiting);
      const toNode = this.#toNode.look(client.bytesRead, node.writableLength);
      if (Math.max(toClient, toNode) * sweepMs >= stallMs) return 'stalled';
    }
    if (idleMs === 0 && pingMs === 0) return undefined;

    const fromNode = node.bytesRead;
    const fromClient = client.bytesRead;
    const heard = fromClient - this.#fromClient;
    // The answer to a Ping of the gateway's own is no use of the connection.
    const used = (heard > 0 && !(this.#pings > 0 && heard === PONG_BYTES)) || fromNode !== this.#fromNode;
    this.#fromClient = fromClient;
    this.#fromNode = fromNode;
    this.#idle = used || waiting > 0 ? 0 : this.#idle + 1;
    if (idleMs > 0 && this.#idle * sweepMs >= idleMs) return 'idle';

    // While the client is held back for the node, its answer cannot be seen; behind what waits for it, no Ping either.
    if (heard > 0 || waiting > 0 || client.isPaused()) {
      this.#pings = 0;
      this.#silent = 0;
    } else this.#silent++;
    if (pingMs === 0 || this.#silent * sweepMs < pingMs) return undefined;
    return this.#pings >= MAX_PINGS ? 'dead' : 'quiet';
  }
}
