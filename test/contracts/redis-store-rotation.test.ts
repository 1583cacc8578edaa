import { settableText } from '@wscluster/service';
import { type RedisServer, redisServer } from '@wscluster/testbed';
import { openRedisStore, type RingStore } from '@wscluster/transport';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../e2e/support/wait.ts';
import { recordingLog } from './support/log-lines.ts';
import { ringAt } from './support/messages.ts';

const PASSWORDS = ['correct-horse', 'battery-staple', 'wrong-battery'] as const;
const [FIRST, SECOND, WRONG] = PASSWORDS;

describe('the Redis store whose credentials are rotated', () => {
  let server: RedisServer;
  let admin: Redis;
  let logged: ReturnType<typeof recordingLog>;
  let url: ReturnType<typeof settableText>;
  let store: RingStore;
  beforeEach(async () => {
    server = await redisServer();
    admin = new Redis(server.url);
    await addUser('first', FIRST);
    logged = recordingLog('info');
    url = settableText(urlOf('first', FIRST));
    store = openRedisStore({ url, cluster: 'chat', log: logged.log });
    await store.load();
    logged.lines.splice(0);
  });
  afterEach(async () => {
    await store.close();
    admin.disconnect();
    await server.dispose();
    for (const password of PASSWORDS) expect(JSON.stringify(logged.lines)).not.toContain(password);
  });

  const urlOf = (user: string, password: string) => server.url.replace('//', `//${user}:${password}@`);
  const addUser = (user: string, password: string) =>
    admin.call('ACL', 'SETUSER', user, 'on', 'resetpass', `>${password}`, '~wscluster:*', '+@all');
  /** Users of the store's connections that Redis has. */
  async function connected(): Promise<string[]> {
    const clients = String(await admin.call('CLIENT', 'LIST'));
    return [...clients.matchAll(/ name=wscluster .* user=(\S+)/g)].map(([, user]) => user ?? '').sort();
  }
  /** How often Redis has refused a user or a password. */
  async function refusals(): Promise<number> {
    const stats = String(await admin.info('commandstats'));
    return [...stats.matchAll(/cmdstat_(?:auth|hello):.*failed_calls=(\d+)/g)].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    );
  }
  const events = () => logged.lines.map(({ event }) => event);
  const storeIs = (user: string) =>
    until(`the store's only connection is of ${user}`, async () => String(await connected()) === user);

  /** Reads without a pause until it is ended; then none has failed. */
  function reading() {
    let going = true;
    let count = 0;
    const done = (async () => {
      while (going) {
        await store.load();
        count++;
      }
    })();
    return {
      async end() {
        going = false;
        await done;
        expect(count).toBeGreaterThan(0);
      },
    };
  }

  test('another user is taken up without a failed read', async () => {
    await store.save(ringAt(1, 1));
    await addUser('second', SECOND);
    const reads = reading();
    url.set(urlOf('second', SECOND));
    await storeIs('second');
    await reads.end();
    await admin.call('ACL', 'DELUSER', 'first');
    expect(await store.save(ringAt(1, 2))).toBe('saved');
    expect(events()).toEqual(['redis-url-changed', 'redis-connected']);
  });

  test('a wrong password is told once while the old connection goes on, until a right one comes', async () => {
    const reads = reading();
    url.set(urlOf('first', WRONG));
    await until('it is told', () => logged.warnings.length > 0);
    const tries = await refusals();
    await until('it was tried again, twice', async () => (await refusals()) >= tries + 2);
    expect(logged.warnings).toEqual([
      expect.objectContaining({
        event: 'redis-connect-failed',
        msg: expect.stringMatching(/refuses the user or the password; the previous connection stays in use/),
        action: expect.any(String),
      }),
    ]);
    await addUser('first', SECOND);
    url.set(urlOf('first', SECOND));
    await until('it is used', () => events().includes('redis-connected'));
    await storeIs('first');
    await reads.end();
    expect(logged.warnings).toHaveLength(1);
  });

  test('a user who is deleted before the new one is known: the store comes back when it is', async () => {
    await addUser('second', SECOND);
    await admin.call('ACL', 'DELUSER', 'first');
    await until('the refusal is told', () => logged.warnings.length === 2);
    await expect(store.load()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    url.set(urlOf('second', SECOND));
    // Waits for the connection that is being made.
    expect(await store.load()).toBeUndefined();
    expect(events()).toEqual(['redis-disconnected', 'redis-connect-failed', 'redis-url-changed', 'redis-connected']);
  });

  test('an old connection that is lost while the new password is wrong fails, until a right one comes', async () => {
    url.set(urlOf('first', WRONG));
    await until('it is told', () => logged.warnings.length > 0);
    await admin.call('CLIENT', 'KILL', 'USER', 'first');
    await until('the loss is told', () => events().includes('redis-disconnected'));
    await expect(store.load()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('refuses the user or the password'),
    });
    url.set(urlOf('first', FIRST));
    expect(await store.load()).toBeUndefined();
    await storeIs('first');
  });

  test('a store that changes several times at once ends up with the last, and one connection', async () => {
    await addUser('second', SECOND);
    for (const password of [WRONG, SECOND, WRONG]) url.set(urlOf('second', password));
    url.set(urlOf('second', SECOND));
    await storeIs('second');
    expect(await store.load()).toBeUndefined();
  });

  test('a store is closed at once while a new URL is tried in vain', async () => {
    url.set(urlOf('first', WRONG));
    await until('it is told', () => logged.warnings.length > 0);
    const from = performance.now();
    await store.close();
    expect(performance.now() - from).toBeLessThan(1_000);
    expect(await connected()).toEqual([]);
  });

  test('a URL that is none is refused, and changes nothing', async () => {
    url.set(`http://first:${WRONG}@127.0.0.1`);
    expect(events()).toEqual(['redis-url-refused']);
    expect(await store.load()).toBeUndefined();
    await storeIs('first');
  });
});
