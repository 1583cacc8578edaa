import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Leadership } from '@wscluster/controller';
import { openRedisLock } from '@wscluster/controller/adapters/redis/lock';
import { openLeadership } from '@wscluster/controller/core/term';
import { type RedisServer, redisServer } from '@wscluster/testbed';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../e2e/support/wait.ts';
import { leadershipContract } from './leadership.ts';
import { inTime } from './support/in-time.ts';
import { recordingLog } from './support/log-lines.ts';
import { openTcpRelay, type TcpRelay } from './support/tcp-relay.ts';

const KEY = 'wscluster:{chat}:leader';
const TTL_MS = 1_200;
/** A process may take so long to start on a busy machine. */
const STARTED_MS = 60_000;
const holder = fileURLToPath(new URL('support/lock-holder.ts', import.meta.url));
const never = new AbortController().signal;

let server: RedisServer;
beforeAll(async () => {
  server = await redisServer();
});
afterAll(() => server.dispose());

leadershipContract('the lock in Redis', true, async () => {
  const relays = new Map<Leadership, TcpRelay>();
  const { log } = recordingLog();
  return {
    async candidate() {
      const relay = await openTcpRelay(server.address);
      const url = `redis://127.0.0.1:${relay.port}`;
      const self = `http://127.0.0.1:${7080 + relays.size}`;
      const lock = openRedisLock({ url, cluster: 'chat', self, leaseDurationMs: TTL_MS, log });
      const candidate = openLeadership(lock, log);
      relays.set(candidate, relay);
      return candidate;
    },
    cutOff: async (candidate) => relays.get(candidate)?.cutOff(),
    async dispose() {
      for (const [candidate, relay] of relays) {
        await candidate.close();
        await relay.close();
      }
    },
  };
});

describe('the lock in Redis', () => {
  const opened = new Set<Leadership>();
  const children = new Set<ChildProcess>();
  let behind: Redis;
  let logged: ReturnType<typeof recordingLog>;
  beforeEach(async () => {
    if (server.pid === undefined) await server.start();
    logged = recordingLog();
    behind = new Redis(server.url);
    behind.on('error', () => {});
    await behind.flushall();
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    children.clear();
    for (const candidate of opened) await candidate.close();
    opened.clear();
    behind.disconnect();
  });

  function candidate(self: string, leaseDurationMs = TTL_MS, url = server.url): Leadership {
    const { log } = logged;
    const lock = openRedisLock({ url, cluster: 'chat', self, leaseDurationMs, log });
    const leadership = openLeadership(lock, log);
    opened.add(leadership);
    return leadership;
  }
  /** Resolves when Redis has dropped a lock that was taken now for this time, and that nobody renewed. */
  async function aLockRunsOut(ttlMs: number): Promise<void> {
    await behind.set('witness', 'nobody', 'PX', ttlMs);
    await until('a lock has run out', async () => (await behind.exists('witness')) === 0);
  }
  function startProcess(self: string) {
    const child = spawn(process.execPath, [holder, server.url, self, String(TTL_MS)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.add(child);
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    return { child, lines };
  }

  test('who leads is known to all, also to those who do not try to', async () => {
    const [first, onlooker] = [candidate('http://first:7080'), candidate('http://onlooker:7080')];
    expect(await onlooker.leader()).toBeUndefined();
    await first.elected(never);
    expect(await onlooker.leader()).toBe('http://first:7080');
    expect(await first.leader()).toBe('http://first:7080');
    await first.release();
    expect(await onlooker.leader()).toBeUndefined();
  });

  test('a leader keeps the lead over many times of the lock', async () => {
    const [first, second] = [candidate('http://first:7080', 1_500), candidate('http://second:7080', 1_500)];
    const lead = await first.elected(never);
    const waiting = new AbortController();
    const elected = second.elected(waiting.signal);
    for (let n = 0; n < 4 && first.leading; n++) await aLockRunsOut(1_500);
    expect([first.leading, lead.aborted, second.leading]).toEqual([true, false, false]);
    waiting.abort();
    await expect(elected).rejects.toThrow();
  });

  test('after a release the other one leads within 300 ms', async () => {
    let [leader, other] = [candidate('http://first:7080'), candidate('http://second:7080')];
    await leader.elected(never);
    const took: number[] = [];
    for (let times = 0; times < 3; times++) {
      await behind.config('RESETSTAT');
      const elected = other.elected(never);
      await until('the other one waits', async () => (await takesSoFar(behind)) > 0);
      const from = performance.now();
      await leader.release();
      await elected;
      took.push(performance.now() - from);
      [leader, other] = [other, leader];
    }
    // A busy machine may be late, but not each time.
    expect(Math.max(...took)).toBeLessThan(TTL_MS);
    expect(Math.min(...took)).toBeLessThan(300);
  });

  test('after kill -9 the other one leads within the time of the lock and a second', async () => {
    const { child, lines } = startProcess('http://killed:7080');
    await until('it leads', () => lines.includes('leads'), STARTED_MS);
    const second = candidate('http://second:7080');
    const elected = second.elected(never);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const from = performance.now();
    await elected;
    expect(performance.now() - from).toBeLessThan(TTL_MS + 1_000);
    expect(await second.leader()).toBe('http://second:7080');
  });

  test('a leader that was stopped says at once, when it goes on, that it leads no longer', async () => {
    const { child, lines } = startProcess('http://stopped:7080');
    await until('it leads', () => lines.includes('leads'), STARTED_MS);
    child.kill('SIGSTOP');
    await candidate('http://second:7080').elected(never);
    child.stdin?.write('?\n');
    child.kill('SIGCONT');
    await until('it says so', () => lines.length >= 3);
    expect(lines.filter((line) => line.startsWith('leading'))).toEqual(['leading false']);
    expect(lines).toContain('over');
    expect(await behind.get(KEY)).toContain('http://second:7080');
  });

  test('a leader that was busy for longer than the time of the lock says so before anything else runs', async () => {
    const first = candidate('http://first:7080');
    const lead = await first.elected(never);
    busyFor(TTL_MS);
    expect([first.leading, lead.aborted]).toEqual([false, false]);
    await behind.set(KEY, 'somebody http://else:7080');
    await first.release();
    expect(lead.aborted).toBe(true);
    expect(await behind.get(KEY)).toBe('somebody http://else:7080');
  });

  test('losing Redis for less than the time of the lock does not lose the lead', async () => {
    const first = candidate('http://first:7080', 6_000);
    const lead = await first.elected(never);
    await server.kill();
    await until('it is noticed', () => logged.warnings.length > 0);
    await server.start(); // empty
    await until('the lock is there again', async () => (await behind.get(KEY).catch(() => null)) !== null);
    expect([first.leading, lead.aborted]).toEqual([true, false]);
    await aLockRunsOut(6_000);
    expect([first.leading, lead.aborted]).toEqual([true, false]);
    expect(logged.warnings.map(({ event }) => event)).toEqual(['redis-disconnected']);
  });

  test('losing Redis for longer ends the lead in time, and it is elected again when Redis is back', async () => {
    const first = candidate('http://first:7080');
    const lead = await first.elected(never);
    await Promise.all([inTime(TTL_MS, once(lead, 'abort')), server.kill()]);
    expect(first.leading).toBe(false);
    const again = first.elected(never);
    await server.start();
    expect((await again).aborted).toBe(false);
    // Whether a renewal is due before the lead ends is chance.
    const events = logged.warnings.map(({ event }) => event).filter((event) => event !== 'lock-away');
    expect(events).toEqual(['redis-disconnected', 'lock-lost']);
  });

  test('a Redis that hangs ends the lead in time, and its return gives it again', async () => {
    const first = candidate('http://first:7080');
    const lead = await first.elected(never);
    server.freeze();
    try {
      await once(lead, 'abort');
      expect(first.leading).toBe(false);
      await expect(first.leader()).rejects.toThrow();
      await first.release(); // in vain, but not for ever
    } finally {
      server.thaw();
    }
    await first.elected(never);
    expect(first.leading).toBe(true);
  });

  test('a Redis that was away and has lost the lock is left to the leader that stood in, though it comes back later', async () => {
    const relay = await openTcpRelay(server.address);
    const first = candidate('http://first:7080', TTL_MS, `redis://127.0.0.1:${relay.port}`);
    const second = candidate('http://second:7080');
    const lead = await first.elected(never);
    expect(await second.leader()).toBe('http://first:7080');
    const waiting = new AbortController();
    const elected = second.elected(waiting.signal);
    const gateway = setInterval(() => first.followed(), 50);
    try {
      await server.kill();
      await until('the leader stands in', () => first.standingIn);
      relay.cutOff();
      await server.start();
      const tries = async () =>
        Number(/cmdstat_eval:calls=(\d+)/.exec(await behind.info('commandstats').catch(() => ''))?.[1] ?? 0);
      await until('the other one has tried to lead', async () => (await tries()) > 2);
      expect([first.standingIn, second.leading]).toEqual([true, false]);
      relay.mend();
      relay.break();
      await until('the first one leads again', () => first.leading);
      expect([lead.aborted, second.leading]).toEqual([false, false]);
    } finally {
      clearInterval(gateway);
      waiting.abort();
      await expect(elected).rejects.toThrow();
      await first.close();
      await relay.close();
    }
  });

  test('a lock that was emptied is taken again by its leader', async () => {
    const first = candidate('http://first:7080');
    await first.elected(never);
    await behind.flushall();
    await until('it is there', async () => (await behind.get(KEY)) !== null);
    expect(await behind.get(KEY)).toContain('http://first:7080');
    expect(first.leading).toBe(true);
    expect(logged.warnings).toEqual([]);
  });

  test('a lock that was emptied goes back to its leader, not to who waits for it', async () => {
    const [first, second] = [candidate('http://first:7080'), candidate('http://second:7080')];
    const lead = await first.elected(never);
    const waiting = new AbortController();
    const elected = second.elected(waiting.signal);
    for (let times = 0; times < 5; times++) {
      await behind.config('RESETSTAT');
      await until('the other one has seen it', async () => (await takesSoFar(behind)) > 2);
      await behind.flushall();
      await until('it is there', async () => (await behind.get(KEY)) !== null);
      expect(await behind.get(KEY)).toContain('http://first:7080');
    }
    expect([lead.aborted, second.leading]).toEqual([false, false]);
    waiting.abort();
    await expect(elected).rejects.toThrow();
  });

  test('a leader that finds the lock in other hands leads no longer, and leaves it to them', async () => {
    const first = candidate('http://first:7080');
    const lead = await first.elected(never);
    await Promise.all([once(lead, 'abort'), behind.set(KEY, 'somebody http://else:7080')]);
    expect(first.leading).toBe(false);
    await first.release();
    expect(await behind.get(KEY)).toBe('somebody http://else:7080');
    expect(logged.warnings).toEqual([expect.objectContaining({ event: 'lock-lost', action: expect.any(String) })]);
  });

  test('what is no lock under its name is told once, and leading begins when it is gone', async () => {
    await behind.lpush(KEY, 'a list');
    const first = candidate('http://first:7080');
    const elected = first.elected(never);
    await until('it is told', () => logged.warnings.length > 0);
    await behind.del(KEY);
    await elected;
    expect(logged.warnings).toEqual([expect.objectContaining({ event: 'lock-refused', key: KEY })]);
  });

  test('closing while it waits to be elected ends the waiting, and a closed one is not elected', async () => {
    const [first, second] = [candidate('http://first:7080'), candidate('http://second:7080')];
    await first.elected(never);
    const elected = expect(second.elected(never)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    await second.close();
    await elected;
    await expect(second.elected(never)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(await behind.get(KEY)).toContain('http://first:7080');
  });

  test('a time that leaves no room for renewals is refused', () => {
    expect(() => candidate('http://first:7080', 100)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});

/** How many scripts were run since the counts were put back. */
async function takesSoFar(redis: Redis): Promise<number> {
  return Number(/cmdstat_eval:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0);
}

/** Nothing else of this process runs meanwhile, no timer either. */
function busyFor(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
