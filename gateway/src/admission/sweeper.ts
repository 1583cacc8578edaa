import type { Limits, SweptLimit } from '../limits.ts';
import type { Tracker } from '../move/tracker.ts';
import type { ClientConnection } from '../relay/client-connection.ts';

/** Holds all open connections to their limits, by one timer for all of them. */
export class Sweeper {
  readonly #timer: NodeJS.Timeout;

  constructor(
    tracker: Tracker<ClientConnection>,
    limits: () => Limits,
    onLimit: (limit: SweptLimit, nodeId: string) => void,
  ) {
    this.#timer = setInterval(() => {
      // A copy: what is ended may leave the tracker meanwhile.
      for (const entry of tracker.all()) {
        const limit = entry.sweep(limits());
        if (limit !== undefined) onLimit(limit, entry.nodeId);
      }
    }, limits().sweepMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
