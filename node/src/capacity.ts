import { messageOf, weightSchema } from '@wscluster/ring';
import { type Logger, Trouble } from '@wscluster/service';

/** What a capacity may be, in words. */
export const CAPACITIES = `a number from ${weightSchema.minValue} to ${weightSchema.maxValue}`;

export function isCapacity(value: unknown): value is number {
  return weightSchema.safeParse(value).success;
}

/** Asks the application for the capacity of its node. What it says wrongly is logged once, and not said to others. */
export class Capacity {
  readonly #ask: () => number;
  readonly #trouble: Trouble;

  constructor(ask: () => number, log: Logger) {
    this.#ask = ask;
    this.#trouble = new Trouble(log);
  }

  /** Undefined if it says none that counts. */
  get now(): number | undefined {
    try {
      const capacity = this.#ask();
      if (isCapacity(capacity)) {
        this.#trouble.recovered({ event: 'capacity-valid' }, 'the capacity is told again');
        return capacity;
      }
      this.#fail(`must return ${CAPACITIES}, not ${String(capacity)}`);
    } catch (error) {
      this.#fail(messageOf(error));
    }
    return undefined;
  }

  #fail(what: string): void {
    const action = 'correct it; until then the node says no capacity, and keeps its weight';
    this.#trouble.failed({ event: 'capacity-invalid', action }, `capacity: ${what}`);
  }
}
