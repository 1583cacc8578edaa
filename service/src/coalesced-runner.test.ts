import { expect, test, vi } from 'vitest';
import { CoalescedRunner } from './coalesced-runner.ts';

test('signals during a run are one more run, never two at a time', async () => {
  let running = 0;
  let runs = 0;
  const gates: (() => void)[] = [];
  const runner = new CoalescedRunner(
    async () => {
      runs++;
      running++;
      expect(running).toBe(1);
      await new Promise<void>((resolve) => gates.push(resolve));
      running--;
    },
    () => {},
  );
  for (let n = 0; n < 10; n++) runner.signal();
  await vi.waitUntil(() => gates.length === 1, 30_000);
  for (let n = 0; n < 10; n++) runner.signal();
  gates[0]?.();
  await vi.waitUntil(() => gates.length === 2, 30_000);
  gates[1]?.();
  await runner.stop();
  expect(runs).toBe(2);
});

test('work that is wanted all the time leaves turns to timers and sockets', async () => {
  const MOST = 1000;
  let runs = 0;
  let runsBeforeTurn: number | undefined;
  const runner = new CoalescedRunner(
    async () => {
      if (++runs < MOST) runner.signal();
    },
    () => {},
  );
  setTimeout(() => {
    runsBeforeTurn = runs;
  });
  runner.signal();
  await vi.waitUntil(() => runsBeforeTurn !== undefined, 30_000);
  await runner.stop();
  expect(runsBeforeTurn).toBeLessThan(MOST);
});

test('a failed run is repeated until it succeeds, with a growing back-off', async () => {
  const waits: number[] = [];
  let runs = 0;
  const runner = new CoalescedRunner(
    async () => {
      if (++runs < 4) throw new Error('not yet');
    },
    (_error, retryMs) => waits.push(retryMs),
  );
  runner.signal();
  await vi.waitUntil(() => runs === 4, 30_000);
  await runner.stop();
  expect(waits).toEqual([50, 100, 200]);
});

test('the earliest of several timed signals counts, and none comes after stop', async () => {
  let runs = 0;
  const runner = new CoalescedRunner(
    async () => {
      runs++;
    },
    () => {},
  );
  runner.signalIn(60_000);
  runner.signalIn(1);
  runner.signalIn(30_000);
  await vi.waitUntil(() => runs === 1, 30_000);
  await runner.stop();
  runner.signal();
  runner.signalIn(0);
  expect(runs).toBe(1);
});
