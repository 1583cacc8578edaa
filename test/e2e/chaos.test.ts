import { expect, test } from 'vitest';
import { report } from '../../chaos/report.ts';
import { runChaos } from '../../chaos/run.ts';

test('random faults break no promise: owners, moves, pace, order, revisions', async () => {
  const result = await runChaos({ seed: 15, milliseconds: 15_000, clients: 60 });
  expect(result.violations, report(result)).toEqual([]);
  expect(result.history.faults.length).toBeGreaterThan(0);
});
