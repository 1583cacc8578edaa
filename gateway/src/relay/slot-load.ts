import { LOAD_UNITS, type LoadMeasure, SLOTS, type SlotCount } from '@wscluster/ring';

/**
 * A slot is told once it has had this part of what passed since the last telling; until then it is kept. So reports
 * name a thousand slots each in the long run, however many have some.
 */
const PARTS = 1024;
const MAX_COUNT = 0xffff_ffff;

/** A slot with this part of what was told last, and as many units, is one of the hottest. */
const HOT_PART = 1 / 64;
const LEAST_HOT = 10;

/**
 * What passes on each slot, in both directions: messages or bytes. It counts only while somebody asks for it, so that
 * it costs two sums for each chunk and no more.
 */
export class SlotLoad {
  #measure: LoadMeasure | undefined;
  /** What has not been told of each slot, and of PINNED, of which nothing is told. */
  #untold: Float64Array | undefined;
  /** All that has passed since the last telling. */
  #sinceTold = 0;
  #hottest: number[] = [];

  /** What is counted; undefined: nothing. */
  get measure(): LoadMeasure | undefined {
    return this.#measure;
  }

  /** Begins to count, or ends it with undefined. */
  count(measure: LoadMeasure | undefined): void {
    if (measure === this.#measure) return;
    this.#measure = measure;
    this.#untold = measure === undefined ? undefined : new Float64Array(SLOTS + 1);
    this.#sinceTold = 0;
    this.#hottest = [];
  }

  /** The slots with the most of what was told last, the most first. */
  get hottest(): readonly number[] {
    return this.#hottest;
  }

  add(slot: number, messages: number, bytes: number): void {
    const untold = this.#untold;
    if (untold === undefined) return;
    const amount = this.#measure === 'bytes' ? bytes : messages;
    untold[slot] = (untold[slot] as number) + amount;
    this.#sinceTold += amount;
  }

  /** The slots that have had something since they were last told, in units of the measure. */
  tell(): SlotCount[] {
    const untold = this.#untold;
    if (untold === undefined || this.#measure === undefined) return [];
    const unit = LOAD_UNITS[this.#measure];
    const least = Math.max(unit, this.#sinceTold / PARTS);
    this.#sinceTold = 0;
    const told: SlotCount[] = [];
    for (let slot = 0; slot < SLOTS; slot++) {
      const amount = untold[slot] as number;
      if (amount < least) continue;
      const count = Math.min(MAX_COUNT, Math.floor(amount / unit));
      untold[slot] = amount - count * unit;
      told.push([slot, count]);
    }
    const all = told.reduce((sum, [, count]) => sum + count, 0);
    this.#hottest = told
      .filter(([, count]) => count >= Math.max(LEAST_HOT, all * HOT_PART))
      .sort(([, a], [, b]) => b - a)
      .map(([slot]) => slot);
    return told;
  }

  /** What has passed so far is told to nobody: it would seem to have passed at once. */
  forget(): void {
    this.#untold?.fill(0);
    this.#sinceTold = 0;
  }
}
