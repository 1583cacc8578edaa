/**
 * How many sockets of this page connect at the same time. Chromium delays more than that, from 16 on by seconds (its
 * WebSocket throttling against floods).
 */
const AT_ONCE = 6;

/** Lets a few connect at a time, in the order of their requests. */
export class ConnectGate {
  readonly #waiting: (() => void)[] = [];
  #connecting = 0;

  /** Calls back when it is this caller's turn. The callee has to call `done` once it is connected or has failed. */
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
