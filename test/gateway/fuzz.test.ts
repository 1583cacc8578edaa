import { expect, test } from 'vitest';
import { readCorpus } from '../../fuzz/corpus.ts';
import { generateCases } from '../../fuzz/generate.ts';
import { runFuzz } from '../../fuzz/run.ts';

test('hostile clients and nodes end nothing, hold up nobody and leave nothing behind', async () => {
  const cases = [...readCorpus(), ...generateCases(15, 1_500)];
  const { faults, cases: played } = await runFuzz({ cases, lookEvery: cases.length });
  expect(faults).toEqual([]);
  expect(played).toBe(cases.length);
});
