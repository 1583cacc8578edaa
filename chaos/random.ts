/** Numbers from 0 up to but excluding 1. */
export type Random = () => number;

/** The same numbers for the same seed (mulberry32). `seed`: an integer from 0 to 2^32 - 1. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The element that `dice`, from 0 up to but excluding 1, points at. Throws an Error if there is none. */
export function pick<T>(items: readonly T[], dice: number): T {
  const item = items[Math.floor(dice * items.length)];
  if (item === undefined) throw new Error('there is nothing to pick from');
  return item;
}
