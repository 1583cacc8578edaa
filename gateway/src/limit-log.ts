import type { Logger } from '@wscluster/service';

/** While a limit goes on refusing, it is logged this often, ms: a line for each refusal would be a load of its own. */
const EVERY_MS = 10_000;

/** Logs that a limit refuses: the first refusal at once, then how many there were in each 10 s that had any. */
export class LimitLog {
  readonly #log: Logger;
  readonly #now: () => number;
  /** By limit: when it was logged last, and the refusals since. */
  readonly #limits = new Map<string, { at: number; since: number }>();

  /** `now`: monotonic ms. */
  constructor(log: Logger, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  refused(limit: string, message: string): void {
    const now = this.#now();
    const logged = this.#limits.get(limit) ?? { at: Number.NEGATIVE_INFINITY, since: 0 };
    this.#limits.set(limit, logged);
    logged.since++;
    if (now - logged.at < EVERY_MS) return;
    const action = 'add gateways, or raise the limit under spec.gateway.limits';
    this.#log.warn(
      { event: 'limit-reached', limit, refused: logged.since, action },
      `requests are refused: ${message}`,
    );
    logged.at = now;
    logged.since = 0;
  }
}
