import type { Socket } from 'node:net';
import type { Limits } from '../limits.ts';
import { PONG_BYTES } from './close-frame.ts';

/** Unanswered Pings after which a client counts as dead. */
const MAX_PINGS = 2;

/** `quiet`: it is time to ping the client. */
export type Verdict = 'idle' | 'quiet' | 'dead' | 'stalled' | undefined;

type NodeEnd = Pick<Socket, 'bytesRead' | 'writableLength'>;
type ClientEnd = Pick<Socket, 'bytesRead' | 'writableLength' | 'isPaused'>;

/**
 * Whether waiting data for one end is being read. While it waits, the other end is held back, and even its end goes
 * unnoticed.
 */
class Backlog {
  /** Bytes that the end had read when data last waited; -1 if none did. */
  #taken = -1;
  /** Sweeps since it last read any. */
  #still = 0;

  /** Returns the number of sweeps since the end last read some of the waiting data; 0 if none waits. */
  look(read: number, waiting: number): number {
    // One write has at most 64 KiB, and counts as read once all of it is.
    const taken = waiting > 0 ? read - waiting : -1;
    this.#still = waiting > 0 && taken === this.#taken ? this.#still + 1 : 0;
    this.#taken = taken;
    return this.#still;
  }
}

/**
 * Whether an open connection is still used, alive and read at both ends, judged by the byte counts of its sockets
 * between two sweeps. This costs nothing per message, and no timer. Time is counted in sweeps of sweepMs: a blocked
 * event loop makes it longer, never shorter.
 */
export class Vitals {
  #fromClient = 0;
  #fromNode = 0;
  readonly #toClient = new Backlog();
  readonly #toNode = new Backlog();
  /** Sweeps since anything moved; since the client was last heard or pinged. */
  #idle = 0;
  #silent = 0;
  /** Pings since the client was last heard. */
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
    // The answer to a Ping of the gateway does not count as use of the connection.
    const used = (heard > 0 && !(this.#pings > 0 && heard === PONG_BYTES)) || fromNode !== this.#fromNode;
    this.#fromClient = fromClient;
    this.#fromNode = fromNode;
    this.#idle = used || waiting > 0 ? 0 : this.#idle + 1;
    if (idleMs > 0 && this.#idle * sweepMs >= idleMs) return 'idle';

    // While the client is held back for the node, its answer cannot be seen; nor can it see a Ping behind waiting data.
    if (heard > 0 || waiting > 0 || client.isPaused()) {
      this.#pings = 0;
      this.#silent = 0;
    } else this.#silent++;
    if (pingMs === 0 || this.#silent * sweepMs < pingMs) return undefined;
    return this.#pings >= MAX_PINGS ? 'dead' : 'quiet';
  }
}
