import type { Limits, SweptLimit } from '../limits.ts';
import type { LiveConnection } from '../move/live-connection.ts';
import type { Tracker } from '../move/tracker.ts';

/** Enforces the limits of all open connections with a single timer. */
export class Sweeper {
  readonly #timer: NodeJS.Timeout;

  constructor(
    tracker: Tracker<LiveConnection>,
    limits: () => Limits,
    onLimit: (limit: SweptLimit, nodeId: string) => void,
  ) {
    this.#timer = setInterval(() => {
      // A copy, since connections that are ended leave the tracker.
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
