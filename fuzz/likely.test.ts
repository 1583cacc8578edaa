import { describe, expect, test } from 'vitest';
import type { Case } from './case.ts';
import { mostLikely } from './likely.ts';

/** Cases of these kinds, each with its number as what its client sends. */
const casesOf = (...kinds: readonly string[]): Case[] =>
  kinds.map((kind, number) => ({ kind, client: [{ send: String(number) }], node: [], patience: 'none' }));
const numbers = (cases: readonly Case[]) => cases.map(({ client: [step] }) => Number((step as { send: string }).send));

describe('the cases that most likely caused a fault', () => {
  const suspects = casesOf('a', 'b', 'c', 'b', 'a', 'a', 'b');

  test('are all if they are few', () => {
    expect(numbers(mostLikely(suspects, new Set(), 7)).sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(mostLikely([], new Set(), 7)).toEqual([]);
  });

  test('are first of the kind that failed itself, the last ones first', () => {
    expect(numbers(mostLikely(suspects, new Set(['b']), 2))).toEqual([6, 3]);
    expect(numbers(mostLikely(suspects, new Set(['b']), 4))).toEqual([6, 3, 1, 5]);
  });

  test('are of as many kinds as may be if none failed itself, the last ones first', () => {
    expect(numbers(mostLikely(suspects, new Set(), 4))).toEqual([6, 5, 2, 4]);
  });
});
