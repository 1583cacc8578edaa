import type { ContainerFacts } from './facts.ts';

/** Which signals each container received, and when last. */
export class StopSignals {
  readonly #last = new Map<string, Map<number, number>>();

  /** `at` by the engine's clock, Unix ms. */
  note(container: string, signal: number, at: number): void {
    const signals = this.#last.get(container) ?? new Map<number, number>();
    this.#last.set(container, signals.set(signal, at));
  }

  /**
   * True when the container received its stop signal in its present run. It is ending, although the engine calls it
   * running until it has ended.
   */
  has({ id, stopSignal, startedAt }: ContainerFacts): boolean {
    return (this.#last.get(id)?.get(stopSignal) ?? Number.NEGATIVE_INFINITY) >= startedAt;
  }

  forget(container: string): void {
    this.#last.delete(container);
  }
}
