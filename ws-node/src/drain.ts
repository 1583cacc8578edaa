import { setTimeout as sleep } from 'node:timers/promises';
import type { Connections } from './connections.ts';

export interface DrainOptions {
  /** Milliseconds after which the node no longer waits for its clients to move away. */
  readonly drainMs: number;
  /** Milliseconds for which it keeps accepting in any case, since gateways learn of the drain a moment later. */
  readonly lingerMs: number;
}

/** The state that a node's readiness probe reports, and its drain. */
export class Readiness {
  #draining = false;

  /** The body of /readyz, by which the controller tells `draining` from any other failure. */
  get state(): 'ready' | 'draining' {
    return this.#draining ? 'draining' : 'ready';
  }

  /** The status of /readyz. */
  get status(): 200 | 503 {
    return this.#draining ? 503 : 200;
  }

  /**
   * Reports `draining` from now on, and resolves when the node may end: its clients have left and `lingerMs` have
   * passed, or `drainMs` have passed. Until then it keeps serving and accepting.
   */
  async drain(connections: Connections, { drainMs, lingerMs }: DrainOptions): Promise<void> {
    this.#draining = true;
    const deadline = AbortSignal.timeout(drainMs);
    await sleep(Math.min(lingerMs, drainMs));
    await connections.when(({ size }) => size === 0, deadline);
  }
}
