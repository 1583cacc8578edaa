import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { orAborted, withDeadline, within } from './deadline.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  // What was left behind would hold up the end of a process.
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const late = () => new Error('late');
const nextTick = () => new Promise<void>((resolve) => process.nextTick(resolve));
const never = () => new Promise<never>(() => {});

describe('work with a deadline', () => {
  test('gives its result or its failure in time', async () => {
    expect(await withDeadline({ ms: 50, late }, async () => 'done')).toBe('done');
    await expect(withDeadline({ ms: 50, late }, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    await expect(
      withDeadline({ ms: 50, late }, () => {
        throw new Error('thrown');
      }),
    ).rejects.toThrow('thrown');
  });

  test('is aborted when it is late, even if it does not listen', async () => {
    let given: AbortSignal | undefined;
    const result = withDeadline({ ms: 50, late }, (signal) => {
      given = signal;
      return never();
    });
    const refused = expect(result).rejects.toThrow('late');
    await vi.advanceTimersByTimeAsync(49);
    expect(given?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await refused;
    expect(given?.reason).toMatchObject({ message: 'late' });
  });

  test('rejects with the reason, not with what the work makes of its signal', async () => {
    const refused = expect(
      withDeadline(
        { ms: 50, late },
        (signal) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(new Error('aborted')));
          }),
      ),
    ).rejects.toThrow('late');
    await vi.advanceTimersByTimeAsync(50);
    await refused;
  });

  test('ends early when the caller aborts, and does not begin after that', async () => {
    const caller = new AbortController();
    const deadline = { ms: 50, late, signal: caller.signal };
    const ended = expect(withDeadline(deadline, never)).rejects.toThrow('closed');
    caller.abort(new Error('closed'));
    await ended;
    const work = vi.fn(never);
    await expect(withDeadline(deadline, work)).rejects.toThrow('closed');
    expect(work).not.toHaveBeenCalled();
  });

  test('leaves the caller’s signal alone once it has settled', async () => {
    const caller = new AbortController();
    let given: AbortSignal | undefined;
    await withDeadline({ ms: 50, late, signal: caller.signal }, async (signal) => {
      given = signal;
    });
    caller.abort();
    expect(given?.aborted).toBe(false);
  });
});

describe('waiting for a while', () => {
  test('gives a result or a failure that comes in time', async () => {
    expect(await within(50, Promise.resolve('done'))).toBe('done');
    await expect(within(50, Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  });

  test('gives up without a result, and a later failure harms nobody', async () => {
    const { promise, reject } = Promise.withResolvers<string>();
    const result = within(50, promise);
    await vi.advanceTimersByTimeAsync(50);
    expect(await result).toBeUndefined();
    reject(new Error('too late'));
    await nextTick();
  });
});

describe('work that a signal may end', () => {
  test('gives its result or its failure', async () => {
    const { signal } = new AbortController();
    expect(await orAborted(signal, async () => 'done')).toBe('done');
    await expect(orAborted(signal, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  });

  test('ends with the reason, and does not begin after that', async () => {
    const caller = new AbortController();
    const ended = expect(orAborted(caller.signal, never)).rejects.toThrow('closed');
    caller.abort(new Error('closed'));
    await ended;
    const work = vi.fn(never);
    await expect(orAborted(caller.signal, work)).rejects.toThrow('closed');
    expect(work).not.toHaveBeenCalled();
  });

  test('may fail later, which nobody hears of', async () => {
    const caller = new AbortController();
    let fail = (_: Error) => {};
    const work = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const ended = expect(orAborted(caller.signal, () => work)).rejects.toThrow('closed');
    caller.abort(new Error('closed'));
    await ended;
    fail(new Error('late'));
    await nextTick();
  });
});
