import type { Mark } from './case.ts';
import type { Patience } from './patience.ts';

/** A step waits so long for what may never happen, ms. */
const UNTIL_MS = 1_500;

/** What has happened to a connection, as one of its ends sees it: that waits for each thing once. */
export class Marks {
  readonly #patience: Patience;
  readonly #reached = new Map<Mark, number>();
  readonly #waiting = new Set<{ readonly mark: Mark; go(): void }>();

  constructor(patience: Patience) {
    this.#patience = patience;
  }

  reach(mark: Mark): void {
    for (const { mark: awaited, go } of this.#waiting)
      if (awaited === mark) {
        go();
        return;
      }
    this.#reached.set(mark, (this.#reached.get(mark) ?? 0) + 1);
  }

  /** Resolves once it has happened once more, or will not any more. */
  until(mark: Mark): Promise<void> {
    const reached = this.#reached.get(mark) ?? 0;
    if (reached > 0) {
      this.#reached.set(mark, reached - 1);
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const go = () => {
        stopWaiting();
        this.#waiting.delete(waiting);
        resolve();
      };
      const waiting = { mark, go };
      const stopWaiting = this.#patience.after(UNTIL_MS, go);
      this.#waiting.add(waiting);
    });
  }

  /** This end is over, and waits for nothing any more. */
  end(): void {
    for (const { go } of this.#waiting) go();
  }
}
