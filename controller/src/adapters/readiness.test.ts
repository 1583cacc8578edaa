import { describe, expect, test } from 'vitest';
import { Readiness } from './readiness.ts';

describe('readiness', () => {
  const ready = { state: 'ready', by: 'http' } as const;
  const failed = { state: 'failed', reason: 'no answer' } as const;

  test('one success makes a node ready, three failures in a row make it unready', () => {
    const readiness = new Readiness();
    const phases = [failed, ready, failed, failed, ready, failed, failed, failed, ready].map((result) => {
      readiness.take(result);
      return readiness.phase;
    });
    expect(phases).toEqual([...['starting', ...Array(6).fill('ready')], 'unready', 'ready']);
  });

  test('a node is asked often while it starts, seldom while it serves, and sooner again once it fails', () => {
    const readiness = new Readiness();
    const asked = [readiness.nextProbeMs];
    for (const result of [ready, failed, ready, failed, failed, failed, ready]) {
      readiness.take(result);
      asked.push(readiness.nextProbeMs);
    }
    expect(asked).toEqual([50, 1000, 500, 1000, 500, 500, 500, 1000]);
  });

  test('after an interruption it is ready by the next success', () => {
    const readiness = new Readiness();
    readiness.interrupt();
    expect(readiness.phase).toBe('starting');
    readiness.take(ready);
    readiness.interrupt();
    expect(readiness.phase).toBe('unready');
    readiness.take(ready);
    expect(readiness.phase).toBe('ready');
  });
});
