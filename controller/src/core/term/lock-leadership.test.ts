import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Leadership } from '../ports/leadership.ts';
import type { Lock, LockRecord, RenewResult, TakeResult } from '../ports/lock.ts';
import { openLeadership } from './lock-leadership.ts';

const DURATION_MS = 9_000;
const DEADLINE_MS = DURATION_MS * 0.95;
const RENEW_MS = DURATION_MS / 3;
const RENEW_RETRY_MS = 50;

/** A level of the log. */
const INFO = 30;

class Refusal extends Error {}

/** Does as the test says; whatever it is asked is in `calls`. */
class FakeLock implements Lock {
  readonly timing = {
    leaseDurationMs: DURATION_MS,
    retryPeriodMs: { min: 100, max: 200 },
    renewRetryMs: RENEW_RETRY_MS,
  };
  readonly words = { name: 'lock', service: 'Redis', fields: { key: 'k' }, takenWhen: 'emptied?' } as const;
  readonly calls: string[] = [];
  onTake = async (_expired: string | undefined): Promise<TakeResult> => ({ result: 'held' });
  onRenew = async (_signal: AbortSignal): Promise<RenewResult> => 'held';
  onRelease = async (): Promise<void> => {};
  onLook = async (): Promise<LockRecord | undefined> => undefined;
  #busy = false;

  take(expired: string | undefined) {
    return this.#alone(`take ${expired ?? ''}`.trim(), () => this.onTake(expired));
  }
  renew(signal: AbortSignal) {
    return this.#alone('renew', () => this.onRenew(signal));
  }
  release() {
    return this.#alone('release', () => this.onRelease());
  }
  look() {
    return this.onLook();
  }
  isRefusal(error: unknown) {
    return error instanceof Refusal;
  }
  async close() {
    this.calls.push('close');
  }

  async #alone<T>(call: string, work: () => Promise<T>): Promise<T> {
    expect(this.#busy).toBe(false);
    this.#busy = true;
    this.calls.push(call);
    try {
      return await work();
    } finally {
      this.#busy = false;
    }
  }
}

const never = new AbortController().signal;
const by = (renewal: string, expiresInMs = 1_000): LockRecord => ({ holder: 'http://other', renewal, expiresInMs });
const heldBy = (record: LockRecord): TakeResult => ({ result: 'held-by-other', record });
let lock: FakeLock;
let leadership: Leadership;
let lines: Record<string, unknown>[];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  lines = [];
  const sink = new Writable({
    write(line, _encoding, done) {
      const entry = JSON.parse(String(line)) as Record<string, unknown>;
      // Repeated refusals are debug, as is a release that failed.
      if (Number(entry.level) >= INFO || entry.event === 'lock-not-released') lines.push(entry);
      done();
    },
  });
  lock = new FakeLock();
  leadership = openLeadership(lock, pino({ level: 'debug' }, sink));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const after = async <T>(ms: number, value: T): Promise<T> => {
  const { promise, resolve } = Promise.withResolvers<T>();
  setTimeout(() => resolve(value), ms);
  return await promise;
};
const events = () => lines.map(({ event }) => event);
const countOf = (call: string) => lock.calls.filter((made) => made === call).length;

test('leads once it holds the lock, and renews it in each third of the lease duration', async () => {
  expect(leadership.leading).toBe(false);
  const lead = await leadership.elected(never);
  expect([leadership.leading, lead.aborted]).toEqual([true, false]);
  await pass(RENEW_MS - 1);
  expect(lock.calls).toEqual(['take']);
  await pass(1);
  expect(lock.calls).toEqual(['take', 'renew']);
  await pass(10 * RENEW_MS);
  expect([countOf('renew'), leadership.leading, lead.aborted]).toEqual([11, true, false]);
  expect(lines).toEqual([]);
});

test('who leads is not elected again', async () => {
  const lead = await leadership.elected(never);
  expect(await leadership.elected(never)).toBe(lead);
  expect(lock.calls).toEqual(['take']);
});

test('two who ask at once are elected once', async () => {
  const [first, second] = await Promise.all([leadership.elected(never), leadership.elected(never)]);
  expect(first).toBe(second);
  expect(lock.calls).toEqual(['take']);
});

test('a term ends at its deadline when no renewal succeeds, and says so once', async () => {
  lock.onRenew = () => Promise.reject(new Error('unreachable'));
  const lead = await leadership.elected(never);
  await pass(DEADLINE_MS - 1);
  expect([leadership.leading, lead.aborted, lines]).toEqual([true, false, []]);
  await pass(1);
  expect([leadership.leading, lead.aborted]).toEqual([false, true]);
  await pass(DURATION_MS);
  expect(lines).toEqual([
    expect.objectContaining({
      event: 'lock-lost',
      use: 'leadership',
      key: 'k',
      action: expect.stringContaining('Redis'),
      msg: 'no longer leads: its lock could not be renewed in time',
    }),
  ]);
  expect(lead.reason).toMatchObject({ code: 'CONFLICT' });
});

test('a renewal that failed is tried again soon, and its success keeps the lead', async () => {
  const lead = await leadership.elected(never);
  lock.onRenew = () => Promise.reject(new Error('unreachable'));
  await pass(RENEW_MS + 2 * RENEW_RETRY_MS);
  expect(countOf('renew')).toBe(3);
  lock.onRenew = async () => 'held';
  await pass(RENEW_RETRY_MS);
  await pass(RENEW_MS - 1);
  expect(countOf('renew')).toBe(4);
  await pass(10 * RENEW_MS);
  expect([leadership.leading, lead.aborted, lines]).toEqual([true, false, []]);
});

test('the deadline counts from when a request was sent, not from its answer', async () => {
  lock.onTake = () => after(1_000, { result: 'held' });
  lock.onRenew = () => new Promise(() => {});
  const elected = leadership.elected(never);
  await pass(1_000);
  const lead = await elected;
  await pass(DEADLINE_MS - 1_001);
  expect(lead.aborted).toBe(false);
  await pass(1);
  expect(lead.aborted).toBe(true);
});

test('of a renewal too', async () => {
  const lead = await leadership.elected(never);
  lock.onRenew = () => after(2_000, 'held');
  await pass(RENEW_MS + 2_000);
  lock.onRenew = () => Promise.reject(new Error('unreachable'));
  await pass(DEADLINE_MS - 2_001);
  expect(lead.aborted).toBe(false);
  await pass(1);
  expect(lead.aborted).toBe(true);
});

test('a lock that was taken too slowly gives no term, and is tried again', async () => {
  lock.onTake = () => after(DEADLINE_MS, { result: 'held' });
  const elected = leadership.elected(never);
  await pass(DEADLINE_MS);
  expect(leadership.leading).toBe(false);
  lock.onTake = async () => ({ result: 'held' });
  await pass(200);
  expect((await elected).aborted).toBe(false);
});

test('who was stopped for longer knows before anything else runs that it leads no longer', async () => {
  const lead = await leadership.elected(never);
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + DEADLINE_MS);
  expect([leadership.leading, lead.aborted, await leadership.confirm()]).toEqual([false, false, false]);
  expect(lock.calls).toEqual(['take']);
});

test('an answer that comes after the deadline does not bring the term back', async () => {
  const lead = await leadership.elected(never);
  lock.onRenew = () => after(DEADLINE_MS, 'held');
  await pass(DEADLINE_MS);
  expect(lead.aborted).toBe(true);
  await pass(DEADLINE_MS);
  expect(leadership.leading).toBe(false);
  expect(events()).toEqual(['lock-lost']);
});

test('nor does one that comes before the process has noticed that it was stopped', async () => {
  await leadership.elected(never);
  const renewal = Promise.withResolvers<RenewResult>();
  lock.onRenew = () => renewal.promise;
  await pass(1_000);
  const confirmed = leadership.confirm();
  await pass(0);
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + DEADLINE_MS - 1_000);
  renewal.resolve('held');
  expect([await confirmed, leadership.leading]).toEqual([false, false]);
});

test('a lock in other hands ends the term at once, and is not released', async () => {
  const lead = await leadership.elected(never);
  lock.onRenew = async () => 'lost';
  await pass(RENEW_MS);
  expect([leadership.leading, lead.aborted]).toEqual([false, true]);
  await leadership.release();
  await pass(DURATION_MS);
  expect(lock.calls).toEqual(['take', 'renew']);
  expect(lines.map(({ event, msg }) => [event, msg])).toEqual([
    ['lock-lost', 'no longer leads: another controller holds the lock: emptied?'],
  ]);
});

test('a term that passed its deadline still releases its lock', async () => {
  lock.onRenew = () => Promise.reject(new Error('unreachable'));
  await leadership.elected(never);
  await pass(DEADLINE_MS);
  await leadership.release();
  await leadership.release();
  expect(countOf('release')).toBe(1);
});

test('a release ends the term at once, and frees the lock after the renewal that is under way', async () => {
  const lead = await leadership.elected(never);
  let renewing: AbortSignal | undefined;
  lock.onRenew = (signal) => {
    renewing = signal;
    return after(100, 'held');
  };
  await pass(RENEW_MS);
  const released = leadership.release();
  expect([leadership.leading, lead.aborted, renewing?.aborted]).toEqual([false, true, true]);
  await pass(100);
  await released;
  await pass(DURATION_MS);
  expect(lock.calls).toEqual(['take', 'renew', 'release']);
  expect(lines).toEqual([]);
});

test.each([
  ['that the lock is in other hands', async (): Promise<RenewResult> => 'lost', ['take', 'renew']],
  ['a refusal', () => Promise.reject(new Refusal('not allowed')), ['take', 'renew', 'release']],
])('a renewal that finds %s after the release is no news', async (_, answer, calls) => {
  await leadership.elected(never);
  lock.onRenew = async () => {
    await after(100, undefined);
    return await answer();
  };
  await pass(RENEW_MS);
  const released = leadership.release();
  await pass(100);
  await released;
  expect([lock.calls, lines]).toEqual([calls, []]);
});

test('a release that fails is said, and leaves the others to wait', async () => {
  await leadership.elected(never);
  lock.onRelease = () => Promise.reject(new Error('unreachable'));
  await leadership.release();
  expect(events()).toEqual(['lock-not-released']);
});

test('what was never held is not released', async () => {
  lock.onTake = async () => heldBy(by('1', DURATION_MS));
  const waiting = new AbortController();
  const elected = expect(leadership.elected(waiting.signal)).rejects.toThrow();
  await pass(50);
  waiting.abort();
  await elected;
  await leadership.close();
  expect(lock.calls).toEqual(['take', 'close']);
});

test('a lock that was taken when nobody wants it any more is freed', async () => {
  lock.onTake = () => after(100, { result: 'held' });
  const waiting = new AbortController();
  const elected = expect(leadership.elected(waiting.signal)).rejects.toThrow();
  await pass(50);
  waiting.abort();
  await pass(50);
  await elected;
  expect([leadership.leading, lock.calls]).toEqual([false, ['take', 'release']]);
});

test('a release while the lock is being taken gives up what is taken', async () => {
  lock.onTake = () => after(100, { result: 'held' });
  const elected = leadership.elected(never);
  await pass(50);
  const released = leadership.release();
  await pass(50);
  await released;
  expect([(await elected).aborted, leadership.leading, lock.calls]).toEqual([true, false, ['take', 'release']]);
});

test('closing ends the waiting, and frees what was taken meanwhile before the service is let go', async () => {
  lock.onTake = () => after(100, { result: 'held' });
  const elected = expect(leadership.elected(never)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  await pass(50);
  const closed = leadership.close();
  await pass(50);
  await Promise.all([elected, closed]);
  expect(lock.calls).toEqual(['take', 'release', 'close']);
  await expect(leadership.elected(never)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
});

test('may be elected again after a release', async () => {
  await leadership.elected(never);
  await leadership.release();
  expect((await leadership.elected(never)).aborted).toBe(false);
  expect(leadership.leading).toBe(true);
  expect(lock.calls).toEqual(['take', 'release', 'take']);
});

test('a candidate looks at a held lock again after the retry period, and leaves it while it is renewed', async () => {
  let renewals = 0;
  lock.onTake = async () => heldBy(by(String(renewals++)));
  const waiting = new AbortController();
  const elected = expect(leadership.elected(waiting.signal)).rejects.toThrow();
  await pass(10_000);
  expect(lock.calls.length).toBeGreaterThanOrEqual(10_000 / 200);
  expect(lock.calls.length).toBeLessThanOrEqual(1 + 10_000 / 100);
  expect(lock.calls.every((call) => call === 'take')).toBe(true);
  waiting.abort();
  await elected;
});

test('a lock whose holder has not renewed it in time is taken over, and not before', async () => {
  lock.onTake = async (expired) => (expired === 'r' ? { result: 'held' } : heldBy(by('r')));
  const elected = leadership.elected(never);
  await pass(999);
  expect([leadership.leading, countOf('take r')]).toEqual([false, 0]);
  await pass(200);
  await elected;
  expect([leadership.leading, countOf('take r')]).toEqual([true, 1]);
});

test('what was seen of another holder is forgotten with the own term', async () => {
  lock.onTake = async (expired) => (expired === 'r' ? { result: 'held' } : heldBy(by('r')));
  const elected = leadership.elected(never);
  await pass(1_200);
  await elected;
  await leadership.release();
  lock.calls.length = 0;
  lock.onTake = async () => ({ result: 'held' });
  await leadership.elected(never);
  expect(lock.calls).toEqual(['take']);
});

test('confirms by asking now, and a renewal by the way', async () => {
  expect(await leadership.confirm()).toBe(false);
  const lead = await leadership.elected(never);
  await pass(RENEW_MS - 1);
  expect([await leadership.confirm(), countOf('renew')]).toEqual([true, 1]);
  lock.onRenew = () => Promise.reject(new Error('unreachable'));
  await pass(DEADLINE_MS - 1);
  expect([leadership.leading, lead.aborted]).toEqual([true, false]);
  await pass(1);
  expect(lead.aborted).toBe(true);
});

test('does not confirm when it cannot ask, but leads on; leads no longer when the lock is in other hands', async () => {
  const lead = await leadership.elected(never);
  lock.onRenew = () => Promise.reject(new Error('unreachable'));
  expect([await leadership.confirm(), leadership.leading]).toEqual([false, true]);
  lock.onRenew = async () => 'lost';
  expect([await leadership.confirm(), leadership.leading, lead.aborted]).toEqual([false, false, true]);
  expect(events()).toEqual(['lock-lost']);
});

test('does not renew a term that has ended while it waited for its turn', async () => {
  await leadership.elected(never);
  lock.onRenew = async () => 'lost';
  expect(await Promise.all([leadership.confirm(), leadership.confirm()])).toEqual([false, false]);
  expect([lock.calls, events()]).toEqual([['take', 'renew'], ['lock-lost']]);
});

test('a refusal is said once, and once when it is over; a service that is away is not its matter', async () => {
  lock.onTake = () => Promise.reject(new Error('unreachable'));
  const elected = leadership.elected(never);
  await pass(1_000);
  expect(lines).toEqual([]);
  lock.onTake = () => Promise.reject(new Refusal('not allowed'));
  await pass(1_000);
  lock.onTake = () => Promise.reject(new Error('unreachable'));
  await pass(1_000);
  lock.onTake = () => Promise.reject(new Refusal('not allowed'));
  await pass(1_000);
  lock.onTake = async () => ({ result: 'held' });
  await pass(200);
  await elected;
  lock.onRenew = () => Promise.reject(new Refusal('not allowed'));
  await pass(RENEW_MS + 2 * RENEW_RETRY_MS);
  lock.onRenew = async () => 'held';
  await pass(RENEW_RETRY_MS);
  expect(events()).toEqual(['lock-refused', 'lock-accepted', 'lock-refused', 'lock-accepted']);
  expect(lines[0]).toMatchObject({ key: 'k', action: expect.any(String), msg: expect.stringContaining('not allowed') });
});

test('names the holder for as long as it renews the lock, nobody when nobody does, and says when it cannot tell', async () => {
  expect(await leadership.leader()).toBeUndefined();
  lock.onLook = async () => by('1');
  expect(await leadership.leader()).toBe('http://other');
  await pass(1_000);
  expect(await leadership.leader()).toBeUndefined();
  lock.onLook = async () => by('2');
  expect(await leadership.leader()).toBe('http://other');
  lock.onLook = () => Promise.reject(new Error('unreachable'));
  await expect(leadership.leader()).rejects.toThrow('unreachable');
});

describe('a leader whose lock cannot be renewed, since its service is away', () => {
  /** Gateways report each second. */
  async function followedFor(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1_000) {
      leadership.followed();
      await pass(Math.min(1_000, ms - passed));
    }
  }
  const roles = () => [leadership.leading, leadership.standingIn];
  let lead: AbortSignal;
  beforeEach(async () => {
    lead = await leadership.elected(never);
    lock.onRenew = () => Promise.reject(new Error('unreachable'));
  });

  test('stands in for as long as gateways follow it, and says so once', async () => {
    await followedFor(DEADLINE_MS - 1);
    expect([roles(), lines]).toEqual([[true, false], []]);
    await pass(1);
    await followedFor(10 * DURATION_MS);
    expect([roles(), lead.aborted]).toEqual([[false, true], false]);
    expect(await leadership.elected(never)).toBe(lead);
    expect(lines).toEqual([expect.objectContaining({ event: 'lock-away', action: expect.stringContaining('Redis') })]);
  });

  test('is over a term after the last one that followed it', async () => {
    await followedFor(2 * DURATION_MS);
    leadership.followed();
    await pass(DEADLINE_MS - 1);
    expect(roles()).toEqual([false, true]);
    await pass(1);
    expect([roles(), lead.aborted]).toEqual([[false, false], true]);
    expect(events()).toEqual(['lock-away', 'lock-lost']);
    leadership.followed();
    expect(roles()).toEqual([false, false]);
  });

  test('leads again, in the same term, once the lock is renewed', async () => {
    await followedFor(2 * DURATION_MS);
    lock.onRenew = async () => 'held';
    await pass(RENEW_RETRY_MS);
    expect([roles(), lead.aborted]).toEqual([[true, false], false]);
    expect(events()).toEqual(['lock-away', 'lock-back']);
  });

  test('gives way at once if another one holds the lock by then', async () => {
    await followedFor(2 * DURATION_MS);
    lock.onRenew = async () => 'lost';
    await pass(RENEW_RETRY_MS);
    expect([roles(), lead.aborted]).toEqual([[false, false], true]);
  });

  test('gives way at a sign of another leader, whatever the service says', async () => {
    await followedFor(2 * DURATION_MS);
    expect(await leadership.confirm()).toBe(false);
    expect([roles(), lead.aborted]).toEqual([[false, false], true]);
  });

  test('does not go on by what it heard before it was frozen', async () => {
    await followedFor(2 * DURATION_MS);
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + DEADLINE_MS);
    leadership.followed();
    expect(roles()).toEqual([false, false]);
  });

  test('can be asked to give the lead up', async () => {
    await followedFor(2 * DURATION_MS);
    await leadership.release();
    expect([roles(), lead.aborted]).toEqual([[false, false], true]);
  });
});

test('whose service answers never stands in, however many follow it', async () => {
  await leadership.elected(never);
  await pass(RENEW_MS - 1);
  leadership.followed();
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + DEADLINE_MS);
  leadership.followed();
  expect([leadership.leading, leadership.standingIn]).toEqual([false, false]);
});
