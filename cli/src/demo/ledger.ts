/** A message counts as lost after this long without an echo on one connection, ms. */
export const LOST_MS = 5000;

/**
 * The numbered messages of one client. An echo acknowledges a message; the others are sent again on the next
 * connection, which restarts their time. A number is lost if it was not echoed within 5 s on one connection.
 */
export class Ledger {
  /** Numbers without an echo so far, oldest first, with the time when they were last sent; undefined: not sent yet. */
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

  /** The next number, to send now or on the next connection. */
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

  /** An echo. If it comes twice because its message was sent twice, it counts once. */
  echoed(number: number): void {
    if (this.#pending.delete(number)) this.#acknowledged++;
  }

  /** Counts what has waited too long as lost; call it while connected. */
  expire(now: number): void {
    for (const [number, sentAt] of this.#pending) {
      if (sentAt === undefined || now - sentAt < LOST_MS) continue;
      this.#pending.delete(number);
      this.#lost++;
    }
  }

  /** At the end: what is not acknowledged by now is lost. */
  close(): void {
    this.#lost += this.#pending.size;
    this.#pending.clear();
  }
}
