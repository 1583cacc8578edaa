/**
 * As many sockets of this page connect at a time. Chromium delays each further one, from 16 at a time on by seconds
 * (its WebSocket throttling, meant against floods).
 */
const AT_ONCE = 6;

/** Lets a few connect at a time, in the order in which they asked. */
export class ConnectGate {
  readonly #waiting: (() => void)[] = [];
  #connecting = 0;

  /** Calls back when it is this one's turn. Whoever was called has to say `done` once it is connected or has failed. */
  ask(connect: () => void): void {
    if (this.#connecting >= AT_ONCE) {
      this.#waiting.push(connect);
      return;
    }
    this.#connecting++;
    connect();
  }

  done(): void {
    this.#connecting--;
    const next = this.#waiting.shift();
    if (next !== undefined) this.ask(next);
  }
}
