import { decodeSlotChanges, type LoadMeasure, type ReportedLoad, SLOTS } from '@wscluster/ring';
import type { LoadQuery } from '../spec/rebalance-schema.ts';

/** What slots have had of late, over all gateways. */
export interface MeasuredLoad {
  /** Units of the measure by slot; what is older counts less. */
  readonly bySlot: Readonly<Float64Array>;
  readonly whole: number;
}

/** A gateway that was asked tells with each report; one that has not for so long does not know how, ms. */
const TELLS_MS = 5_000;
/** Beyond so many half-lives, numbers are brought down, so that they stay exact. */
const MOST_HALF_LIVES = 64;

/** Adds up what gateways report of messages or bytes, smoothed. Times are monotonic ms. */
export class LoadMeter {
  #query: LoadQuery | undefined;
  /** With the weight of the time at which they came: they grow instead of all others becoming less. */
  #sums = new Float64Array(0);
  #origin = 0;
  /** Since when all gateways have told. */
  #since = 0;
  /** When each gateway last told, or was first heard. */
  readonly #told = new Map<string, number>();

  /** What gateways are asked; undefined: nothing. */
  get measure(): LoadMeasure | undefined {
    return this.#query?.measure;
  }

  /** Begins anew if something else is asked. */
  ask(query: LoadQuery | undefined, now: number): void {
    const before = this.#query;
    this.#query = query;
    if (query === undefined) this.#sums = new Float64Array(0);
    if (query === undefined || (before?.measure === query.measure && before.halfLifeMs === query.halfLifeMs)) return;
    this.#sums = new Float64Array(SLOTS);
    this.#origin = now;
    this.#since = now;
    for (const gateway of this.#told.keys()) this.#told.set(gateway, now);
  }

  /** Takes what a gateway says; nothing from one that says nothing. Unreadable slots count as nothing. */
  take(gateway: string, load: ReportedLoad | undefined, now: number): void {
    const isAsked = load !== undefined && load.measure === this.measure;
    if (isAsked || !this.#told.has(gateway)) this.#told.set(gateway, now);
    if (isAsked) this.#add(load.slots, now);
  }

  leave(gateway: string): void {
    this.#told.delete(gateway);
  }

  /** What was measured; undefined until all gateways have told for a half-life, or if there was nothing. */
  at(now: number): MeasuredLoad | undefined {
    const query = this.#query;
    if (query === undefined) return undefined;
    for (const told of this.#told.values()) if (now - told >= TELLS_MS) this.#since = now;
    if (now - this.#since < query.halfLifeMs) return undefined;
    const weight = this.#weightAt(now, query);
    const bySlot = this.#sums.map((sum) => sum / weight);
    const whole = bySlot.reduce((sum, amount) => sum + amount, 0);
    return whole < 1 ? undefined : { bySlot, whole };
  }

  #add(slots: string, now: number): void {
    const weight = this.#weightAt(now, this.#query as LoadQuery);
    let changes: ReturnType<typeof decodeSlotChanges>;
    try {
      changes = decodeSlotChanges(slots);
    } catch {
      return;
    }
    for (const [slot, units] of changes) this.#sums[slot] = (this.#sums[slot] as number) + units * weight;
  }

  #weightAt(now: number, { halfLifeMs }: LoadQuery): number {
    const weight = 2 ** ((now - this.#origin) / halfLifeMs);
    if (weight < 2 ** MOST_HALF_LIVES) return weight;
    this.#sums = this.#sums.map((sum) => sum / weight);
    this.#origin = now;
    return 1;
  }
}
