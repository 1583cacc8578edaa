import { WsClusterError } from '@wscluster/ring';
import { type Logger, SerialQueue } from '@wscluster/service';
import type { Leadership } from '../ports/leadership.ts';
import type { Lock, RenewResult } from '../ports/lock.ts';
import { ObservedRecord } from './observed-record.ts';
import { slept } from './slept.ts';
import { Term } from './term.ts';
import { TermLog } from './term-log.ts';

/** A term's deadline, as a share of the lease duration: a margin for clocks that run at different speeds. */
const RENEW_DEADLINE = 0.95;

/** A leader renews its lock after this share of the lease duration: two renewals may fail. */
const RENEW_PERIOD = 1 / 3;

/**
 * Leads while it holds the lock. It judges that by its own monotonic clock, from the moment before the renewal was
 * sent. A holder that has not renewed the lock for the lease duration is replaced. One that could not, because the
 * lock's service is away, stands in for as long as a gateway follows it: a report counts as long as a renewal.
 */
export function openLeadership(lock: Lock, log: Logger): Leadership {
  return new LockLeadership(lock, log);
}

class LockLeadership implements Leadership {
  readonly #lock: Lock;
  readonly #log: TermLog;
  readonly #closing = new AbortController();
  readonly #observed = new ObservedRecord();
  /** One call of the lock at a time: two calls of ours would refuse each other. */
  readonly #calls = new SerialQueue();
  #term: Term | undefined;
  /** The lock may still be ours, even without a term. */
  #held = false;
  /** The last renewal had no answer, since it was sent in this term. */
  #unanswered = false;

  constructor(lock: Lock, log: Logger) {
    this.#lock = lock;
    this.#log = new TermLog(lock.words, log);
  }

  get leading(): boolean {
    return this.#term?.leads ?? false;
  }

  get standingIn(): boolean {
    return this.#term?.standsIn ?? false;
  }

  /** Counts only once the service is away: who was frozen does not go on by what it had heard before. */
  followed(): void {
    if (this.#unanswered) this.#term?.follow(this.#deadline());
  }

  async elected(wanted: AbortSignal): Promise<AbortSignal> {
    const signal = AbortSignal.any([wanted, this.#closing.signal]);
    const { min, max } = this.#lock.timing.retryPeriodMs;
    for (;;) {
      signal.throwIfAborted();
      const term = await this.#calls.run(() => this.#take(signal));
      if (term !== undefined) return term.signal;
      await slept(min + Math.random() * (max - min), signal);
    }
  }

  async confirm(): Promise<boolean> {
    const term = this.#term;
    if (term === undefined) return false;
    if (term.standsIn) this.#lose(term, 'another controller seems to lead');
    if (!term.leads) return false;
    // A term whose lock could not be renewed may continue, but is not confirmed.
    return (await this.#renew(term)) === 'held' && term.leads;
  }

  async leader(): Promise<string | undefined> {
    const record = await this.#lock.look();
    this.#observed.observe(record);
    return this.#observed.expired === undefined ? record?.holder : undefined;
  }

  async release(): Promise<void> {
    const end = () => this.#term?.end('it was given up');
    end();
    await this.#calls.run(async () => {
      end(); // One that began meanwhile.
      await this.#free();
    });
  }

  async close(): Promise<void> {
    this.#closing.abort(new WsClusterError('SHUTTING_DOWN', 'the leadership is closed'));
    await this.release();
    await this.#lock.close();
  }

  /** The term that continues or has begun; undefined if the lock could not be taken, or is no longer wanted. */
  async #take(wanted: AbortSignal): Promise<Term | undefined> {
    if (wanted.aborted) return undefined;
    if (this.#term?.continues) return this.#term;
    this.#term?.end('its time is over');
    const deadline = this.#deadline();
    if (!(await this.#tryToTake())) return undefined;
    if (wanted.aborted) await this.#free();
    if (wanted.aborted || performance.now() >= deadline) return undefined;
    this.#unanswered = false;
    this.#term = new Term(deadline, {
      onStandIn: () => this.#log.standsIn(),
      onDeadline: (term) => this.#lose(term, `its ${this.#lock.words.name} could not be renewed in time`),
    });
    // A term that is not renewed ends by itself.
    this.#keep(this.#term).catch((error: unknown) => this.#log.broken(error));
    return this.#term;
  }

  async #tryToTake(): Promise<boolean> {
    try {
      const taken = await this.#lock.take(this.#observed.expired);
      this.#log.accepted();
      this.#held = taken.result === 'held';
      this.#observed.observe(taken.result === 'held' ? undefined : taken.record);
      return this.#held;
    } catch (error) {
      this.#note(error);
      return false;
    }
  }

  /** Renews the lock while the term lasts. */
  async #keep(term: Term): Promise<void> {
    const { leaseDurationMs, renewRetryMs } = this.#lock.timing;
    const renewMs = leaseDurationMs * RENEW_PERIOD;
    let waitMs = renewMs;
    while (await slept(waitMs, term.signal)) waitMs = (await this.#renew(term)) === 'held' ? renewMs : renewRetryMs;
  }

  /** Undefined if the result is unknown, or the term is over. */
  #renew(term: Term): Promise<RenewResult | undefined> {
    return this.#calls.run(async () => {
      if (!term.continues) return undefined;
      const deadline = this.#deadline();
      try {
        const result = await this.#lock.renew(term.signal);
        this.#log.accepted();
        this.#unanswered = false;
        if (result === 'held') this.#extend(term, deadline);
        else this.#loseToOther(term);
        return result;
      } catch (error) {
        this.#unanswered = true;
        if (!term.signal.aborted) this.#note(error);
        return undefined;
      }
    });
  }

  #extend(term: Term, deadline: number): void {
    term.extend(deadline);
    if (term.leads) this.#log.renewed();
  }

  #loseToOther(term: Term): void {
    const { name, takenWhen } = this.#lock.words;
    this.#held = false;
    this.#lose(term, `another controller holds the ${name}${takenWhen === undefined ? '' : `: ${takenWhen}`}`);
  }

  #lose(term: Term, why: string): void {
    if (term.signal.aborted) return;
    this.#log.lost(why);
    term.end(why);
  }

  async #free(): Promise<void> {
    if (!this.#held) return;
    this.#held = false;
    await this.#lock.release().catch((error: unknown) => this.#log.notReleased(error));
  }

  #note(error: unknown): void {
    if (this.#lock.isRefusal(error)) this.#log.refused(error);
  }

  /** The deadline of a term whose request is sent now. */
  #deadline(): number {
    return performance.now() + this.#lock.timing.leaseDurationMs * RENEW_DEADLINE;
  }
}
