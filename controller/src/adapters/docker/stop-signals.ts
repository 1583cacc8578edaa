import type { ContainerFacts } from './facts.ts';

/** Which signals containers got, and when last. */
export class StopSignals {
  readonly #last = new Map<string, Map<number, number>>();

  /** `at` by the engine's clock, Unix ms. */
  note(container: string, signal: number, at: number): void {
    const signals = this.#last.get(container) ?? new Map<number, number>();
    this.#last.set(container, signals.set(signal, at));
  }

  /**
   * True when the container got its stop signal in its present run: it is on its way out, though the engine calls it
   * running until it dies.
   */
  has({ id, stopSignal, startedAt }: ContainerFacts): boolean {
    return (this.#last.get(id)?.get(stopSignal) ?? Number.NEGATIVE_INFINITY) >= startedAt;
  }

  forget(container: string): void {
    this.#last.delete(container);
  }
}
