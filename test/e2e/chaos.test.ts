import { expect, test } from 'vitest';
import { report } from '../../chaos/report.ts';
import { runChaos } from '../../chaos/run.ts';

/**
 * Its first round drains a node, whose clients migrate; its second one kills a node and cuts the spec in the state
 * folder.
 */
const SEED = 2047;

test('random faults break no promise: owners, moves, migrations, pace, order, revisions', async () => {
  const result = await runChaos({ seed: SEED, milliseconds: 15_000, clients: 60 });
  expect(result.violations, report(result)).toEqual([]);
  const sessions = result.history.clients.flatMap((client) => client.sessions);
  expect(sessions.flatMap(({ arrivals }) => arrivals).length, report(result)).toBeGreaterThan(0);
});
