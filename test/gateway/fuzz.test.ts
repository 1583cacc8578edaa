import { expect, test } from 'vitest';
import { readCorpus } from '../../fuzz/corpus.ts';
import { generateCases } from '../../fuzz/generate.ts';
import { runFuzz } from '../../fuzz/run.ts';

/** The run has deadlines of its own, which do not count the time in which a busy machine lets it wait. */
const TIMEOUT_MS = 600_000;

test('hostile clients and nodes end nothing, hold up nobody and leave nothing behind', {
  timeout: TIMEOUT_MS,
}, async () => {
  const cases = [...readCorpus(), ...generateCases(15, 1_200)];
  const { faults, cases: played, outcomes, honestMoves } = await runFuzz({ cases, lookEvery: cases.length });
  expect(faults).toEqual([]);
  expect(played).toBe(cases.length);
  // Else nothing has moved, and the rest says little. A few honest clients may not have noticed that they have.
  expect(honestMoves).toBeGreaterThan(0);
  expect(outcomes.migrated).toBeGreaterThan(honestMoves + 10);
});
