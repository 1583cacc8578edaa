import { silentLogger } from '@wscluster/service';
import { expect, test, vi } from 'vitest';
import { StatedWeight } from './stated-weight.ts';

/** Answers half a second apart; the weight after each. */
function said(answers: readonly unknown[], log = silentLogger): (number | undefined)[] {
  let now = 0;
  const stated = new StatedWeight('a', log, () => now);
  return answers.map((capacity) => {
    now += 500;
    const before = stated.weight;
    const changed = stated.take({ state: 'ready', by: 'http', capacity });
    expect(changed).toBe(stated.weight !== before);
    return stated.weight;
  });
}
const times = <T>(count: number, value: T) => Array<T>(count).fill(value);

test('the first capacity that a node says is its weight at once', () => {
  expect(said([undefined, 2.5])).toEqual([undefined, 2.5]);
});

test('another one counts once the node has said it for 10 s, and is the mean of what it said', () => {
  const weights = said([1, ...times(10, 2), ...times(11, 4)]);
  expect(weights.slice(0, 21)).toEqual(times(21, 1));
  expect(weights.at(-1)).toBe(Number(((10 * 2 + 11 * 4) / 21).toPrecision(3)));
});

test('one that jitters, or differs by less than a fifth, changes nothing', () => {
  expect(new Set(said([1, ...times(100, [0.5, 1.6, 1, 3]).flat()]))).toEqual(new Set([1]));
  expect(new Set(said([1, ...times(100, 1.19)]))).toEqual(new Set([1]));
  expect(new Set(said([1, ...times(19, 3), 1, ...times(19, 3), 1]))).toEqual(new Set([1]));
});

test('an answer without a capacity changes nothing', () => {
  expect(said([3, ...times(50, undefined)]).at(-1)).toBe(3);
});

test.each([0, -1, 1001, Number.NaN, '2', null, {}, true])('%j is ignored, with one warning', (bad) => {
  const warn = vi.fn();
  const log = { ...silentLogger, warn, debug: vi.fn(), info: vi.fn() } as unknown as typeof silentLogger;
  expect(said([2, ...times(40, bad)], log).at(-1)).toBe(2);
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls[0]).toEqual([
    expect.objectContaining({ event: 'node-capacity-invalid', node: 'a', action: expect.any(String) }),
    expect.stringContaining('no number from 0.01 to 1000'),
  ]);
});
