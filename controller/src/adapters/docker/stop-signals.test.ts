import { expect, test } from 'vitest';
import type { ContainerFacts } from './facts.ts';
import { StopSignals } from './stop-signals.ts';

const run = (startedAt: number) => ({ id: 'c1', stopSignal: 15, startedAt }) as ContainerFacts;

test('a container has its stop signal when it got that one, in this run', () => {
  const signals = new StopSignals();
  signals.note('c1', 1, 2000);
  signals.note('c2', 15, 2000);
  expect(signals.has(run(1000))).toBe(false);
  signals.note('c1', 15, 2000);
  expect(signals.has(run(1000))).toBe(true);
  expect(signals.has(run(3000))).toBe(false);
  signals.note('c1', 15, 4000);
  expect(signals.has(run(3000))).toBe(true);
  signals.forget('c1');
  expect(signals.has(run(1000))).toBe(false);
});
