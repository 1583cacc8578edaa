/** Milliseconds without an echo, on a connection that stands, after which a message counts as lost. */
export const LOST_MS = 5000;

/**
 * The numbered messages of one client. A message is acknowledged by its echo; what is not is sent again on the next
 * connection, which starts its time afresh. Lost is a number that was not echoed within 5 s on one standing connection.
 */
export class Ledger {
  /** Numbers without an echo so far, oldest first, with the time of their last sending; undefined: not sent yet. */
  readonly #pending = new Map<number, number | undefined>();
  #next = 0;
  #acknowledged = 0;
  #lost = 0;

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get lost(): number {
    return this.#lost;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** The next number, to be sent now or on the next connection. */
  write(): number {
    const number = this.#next++;
    this.#pending.set(number, undefined);
    return number;
  }

  sent(number: number, now: number): void {
    if (this.#pending.has(number)) this.#pending.set(number, now);
  }

  /** What a new connection sends first, in order. */
  unacknowledged(): number[] {
    return [...this.#pending.keys()];
  }

  /** The connection has ended: what was not echoed waits for the next one. */
  interrupted(): void {
    for (const number of this.#pending.keys()) this.#pending.set(number, undefined);
  }

  /** An echo. One that comes twice, since its message was sent twice, counts once. */
  echoed(number: number): void {
    if (this.#pending.delete(number)) this.#acknowledged++;
  }

  /** Counts as lost what has waited too long; to be called while connected. */
  expire(now: number): void {
    for (const [number, sentAt] of this.#pending) {
      if (sentAt === undefined || now - sentAt < LOST_MS) continue;
      this.#pending.delete(number);
      this.#lost++;
    }
  }

  /** At the end: what is still unacknowledged is lost. */
  close(): void {
    this.#lost += this.#pending.size;
    this.#pending.clear();
  }
}
