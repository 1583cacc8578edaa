import type { Limits, SweptLimit } from '../limits.ts';
import type { LiveConnection } from '../move/live-connection.ts';
import { Pacer } from '../move/pacer.ts';
import type { Tracker } from '../move/tracker.ts';
import { tooOld } from '../relay/close-frame.ts';
import { Ages } from './ages.ts';
import type { HeldBytes } from './held-bytes.ts';
import { sendBack } from './send-back.ts';

/** Enforces the limits of all open connections with a single timer. */
export class Sweeper {
  readonly #tracker: Tracker<LiveConnection>;
  readonly #held: HeldBytes;
  readonly #limits: () => Limits;
  readonly #onLimit: (limit: SweptLimit, nodeId: string) => void;
  readonly #closeCode: () => number;
  readonly #ages = new Ages();
  readonly #old = new Pacer<LiveConnection>((entry) => this.#sendBack(entry));
  readonly #timer: NodeJS.Timeout;

  /** `closeCode`: of a Close that tells a client to reconnect. */
  constructor(
    tracker: Tracker<LiveConnection>,
    held: HeldBytes,
    limits: () => Limits,
    closeCode: () => number,
    onLimit: (limit: SweptLimit, nodeId: string) => void,
  ) {
    this.#tracker = tracker;
    this.#held = held;
    this.#limits = limits;
    this.#closeCode = closeCode;
    this.#onLimit = onLimit;
    this.#timer = setInterval(() => this.#sweep(), limits().sweepMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#old.stop();
  }

  #sweep(): void {
    const limits = this.#limits();
    // A copy, since connections that are ended leave the tracker.
    const all = this.#tracker.all();
    for (const entry of all) {
      const limit = entry.sweep(limits);
      if (limit !== undefined) this.#onLimit(limit, entry.nodeId);
    }
    for (const entry of this.#held.sweep(all, limits.maxHeldBytes)) {
      entry.destroy();
      this.#onLimit('maxHeldBytes', entry.nodeId);
    }
    this.#old.set(this.#ages.due(all, limits.maxAgeMs), limits.sweepMs);
  }

  #sendBack(entry: LiveConnection): void {
    if (sendBack(entry, tooOld(this.#closeCode()))) this.#onLimit('maxConnectionSeconds', entry.nodeId);
  }
}
