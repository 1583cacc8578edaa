import { messageOf } from '@wscluster/ring';
import { type Logger, logBug, Trouble } from '@wscluster/service';
import type { LockWords } from '../ports/lock.ts';

/**
 * The log events of a leadership: lock-lost, lock-away, lock-back, lock-refused, lock-accepted, lock-not-released,
 * lock-not-kept; for a Lease lease-lost and so on.
 */
export class TermLog {
  readonly #words: LockWords;
  readonly #kind: Lowercase<LockWords['name']>;
  readonly #log: Logger;
  readonly #refusal: Trouble;
  readonly #absence: Trouble;

  constructor(words: LockWords, log: Logger) {
    this.#words = words;
    this.#kind = words.name === 'Lease' ? 'lease' : 'lock';
    this.#log = log.child({ use: 'leadership', ...words.fields });
    this.#refusal = new Trouble(this.#log);
    this.#absence = new Trouble(this.#log);
  }

  lost(why: string): void {
    this.#absence.recovered();
    const action = `none: it tries to lead again; check whether ${this.#words.service} is reachable and not overloaded`;
    this.#log.warn({ event: `${this.#kind}-lost`, action }, `no longer leads: ${why}`);
  }

  /** Its renewals have stopped by an error that nobody expected. */
  broken(error: unknown): void {
    logBug(this.#log, `${this.#kind}-not-kept`, error);
  }

  /** It stands in from now on. */
  standsIn(): void {
    const { name, service } = this.#words;
    const action = `bring ${service} back: until then gateways are led around lost nodes, but no node is started or ended`;
    this.#absence.failed(
      { event: `${this.#kind}-away`, action },
      `stands in: its ${name} could not be renewed in time, but gateways follow it`,
    );
  }

  /** It leads again, if it stood in. */
  renewed(): void {
    this.#absence.recovered({ event: `${this.#kind}-back` }, `leads again: its ${this.#words.name} is renewed`);
  }

  notReleased(error: unknown): void {
    const event = `${this.#kind}-not-released`;
    this.#log.debug({ event }, `others wait until it expires: ${messageOf(error)}`);
  }

  refused(error: unknown): void {
    const { name, service } = this.#words;
    const action = `fix what ${service} reports; no controller can lead until then`;
    this.#refusal.failed(
      { event: `${this.#kind}-refused`, error, action },
      `cannot take or renew the ${name}: ${messageOf(error)}`,
    );
  }

  accepted(): void {
    this.#refusal.recovered(
      { event: `${this.#kind}-accepted` },
      `the ${this.#words.name} can be taken or renewed again`,
    );
  }
}
