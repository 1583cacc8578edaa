import { describe, expect, test } from 'vitest';
import { seededRandom } from './random.ts';
import { nextRound, type Scope } from './schedule.ts';

const KINDS = (['node', 'node', 'gateway', 'controller', 'api', 'redis'] as Scope[]).map((scope, index) => ({
  name: `kind-${index}`,
  scope,
}));

const rounds = (seed: number, count = 200) => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => nextRound(random, KINDS));
};

describe('the schedule of faults', () => {
  test('is the same for the same seed, and another one for another seed', () => {
    expect(rounds(7)).toEqual(rounds(7));
    expect(rounds(7)).not.toEqual(rounds(8));
  });

  test('has one to four faults in a round, each with a scope of its own', () => {
    for (const round of rounds(1)) {
      expect(round.length).toBeGreaterThanOrEqual(1);
      expect(round.length).toBeLessThanOrEqual(4);
      expect(new Set(round.map(({ kind }) => kind.scope)).size).toBe(round.length);
    }
  });

  test('has every kind sooner or later, and never more faults than there are scopes', () => {
    expect(new Set(rounds(2).flatMap((round) => round.map(({ kind }) => kind.name)))).toEqual(
      new Set(KINDS.map(({ name }) => name)),
    );
    const random = seededRandom(3);
    for (let n = 0; n < 50; n++) expect(nextRound(random, KINDS.slice(0, 2))).toHaveLength(1);
  });
});
