/**
 * A timer for what another end has to do in time. When the time is over, what has arrived by then is read first: a
 * process that stood still (a stopped one, a machine that was moved) must not blame the other end. That takes two turns
 * of the event loop: an end that was reset says so in the second.
 */
export class PatientTimer {
  #timer: NodeJS.Timeout | undefined;
  #lastLook: NodeJS.Immediate | undefined;

  /** Calls `late` about `ms` from now. Replaces what was started before. */
  start(ms: number, late: () => void): void {
    this.stop();
    this.#timer = setTimeout(() => {
      this.#lastLook = setImmediate(() => {
        this.#lastLook = setImmediate(late);
      });
    }, ms);
  }

  /** Begins the time anew, if it was started. */
  refresh(): void {
    clearImmediate(this.#lastLook);
    this.#timer?.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#lastLook);
    this.#timer = undefined;
  }
}
