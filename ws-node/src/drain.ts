import { setTimeout as sleep } from 'node:timers/promises';
import type { Connections } from './connections.ts';

export interface DrainOptions {
  /** Milliseconds after which the node stops waiting for its clients to be moved away. */
  readonly drainMs: number;
  /** Milliseconds that it goes on accepting in any case: gateways learn of the drain a moment later. */
  readonly lingerMs: number;
}

/** Whether a node takes part, as its readiness probe says, and its way out. */
export class Readiness {
  #draining = false;

  /** The body of /readyz. The controller tells `draining` apart from any other failure by it. */
  get state(): 'ready' | 'draining' {
    return this.#draining ? 'draining' : 'ready';
  }

  /** The status of /readyz. */
  get status(): 200 | 503 {
    return this.#draining ? 503 : 200;
  }

  /**
   * Reports draining from now on, and resolves when the node may end: its clients are gone and `lingerMs` have passed,
   * or `drainMs` have passed. It goes on serving and accepting until then.
   */
  async drain(connections: Connections, { drainMs, lingerMs }: DrainOptions): Promise<void> {
    this.#draining = true;
    const deadline = AbortSignal.timeout(drainMs);
    await sleep(Math.min(lingerMs, drainMs));
    await connections.when(({ size }) => size === 0, deadline);
  }
}
