import { weightSchema } from '@wscluster/ring';
import { type Logger, Trouble } from '@wscluster/service';
import { isSameWeight } from '../core/ports/same-weight.ts';
import type { ProbeResult } from './probe.ts';

/** For so long all answers must be beyond the band, on one side of it, ms. */
const SETTLE_MS = 10_000;

/**
 * The weight that a node says itself, by the `capacity` in its answers. The first one counts at once. After that one
 * counts when for 10 s all were at least a fifth higher, or all lower, than the weight in use; then it is their mean.
 */
export class StatedWeight {
  readonly #node: string;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #trouble: Trouble;
  #weight: number | undefined;
  /** The answers beyond the band. */
  #beyond: { readonly higher: boolean; readonly since: number; sum: number; count: number } | undefined;

  /** `now`: monotonic ms. */
  constructor(node: string, log: Logger, now: () => number = () => performance.now()) {
    this.#node = node;
    this.#log = log;
    this.#now = now;
    this.#trouble = new Trouble(log);
  }

  /** 0.01 to 1000; undefined while it has said none. */
  get weight(): number | undefined {
    return this.#weight;
  }

  /** Takes an answer; true if the weight has changed. One that says no capacity changes nothing. */
  take(probe: ProbeResult): boolean {
    if (probe.state !== 'ready' || probe.by !== 'http' || probe.capacity === undefined) return false;
    const { data: capacity } = weightSchema.safeParse(probe.capacity);
    if (capacity === undefined) {
      this.#refuse(probe.capacity);
      return false;
    }
    this.#trouble.recovered({ event: 'node-capacity-valid', node: this.#node }, `the capacity of ${this.#node} counts`);
    if (this.#weight === undefined) return this.#use(capacity);
    const isBeyond = !isSameWeight(capacity, this.#weight);
    const higher = capacity > this.#weight;
    if (!isBeyond || this.#beyond?.higher !== higher)
      this.#beyond = isBeyond ? { higher, since: this.#now(), sum: 0, count: 0 } : undefined;
    if (this.#beyond === undefined) return false;
    this.#beyond.sum += capacity;
    this.#beyond.count++;
    if (this.#now() - this.#beyond.since < SETTLE_MS) return false;
    return this.#use(this.#beyond.sum / this.#beyond.count);
  }

  #use(weight: number): boolean {
    this.#weight = Number(weight.toPrecision(3));
    this.#beyond = undefined;
    const { event, node } = { event: 'node-capacity', node: this.#node };
    this.#log.info({ event, node, weight: this.#weight }, `node ${node} says that its capacity is ${this.#weight}`);
    return true;
  }

  #refuse(capacity: unknown): void {
    const said = JSON.stringify(capacity).slice(0, 100);
    const action = 'let it answer a number from 0.01 to 1000, or leave capacity out; until then its last weight counts';
    this.#trouble.failed(
      { event: 'node-capacity-invalid', node: this.#node, capacity: said, action },
      `node ${this.#node} says the capacity ${said}, which is no number from 0.01 to 1000, and is ignored`,
    );
  }
}
