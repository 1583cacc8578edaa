import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type RedisServer, redisServer } from '@wscluster/testbed';
import { openRedisStore, type RingStore } from '@wscluster/transport';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../e2e/support/wait.ts';
import { inTime } from './support/in-time.ts';
import { recordingLog } from './support/log-lines.ts';
import { ringAt } from './support/messages.ts';
import { openTcpRelay } from './support/tcp-relay.ts';

const KEY = 'wscluster:{chat}:ring';
const PASSWORD = 'correct-horse';
const unavailable = expect.objectContaining({ code: 'STORE_UNAVAILABLE' });

describe('the Redis store in an outage', () => {
  let server: RedisServer;
  let logged: ReturnType<typeof recordingLog>;
  const opened = new Set<RingStore>();
  beforeEach(async () => {
    server = await redisServer({ password: PASSWORD });
    logged = recordingLog('info');
  });
  afterEach(async () => {
    for (const store of opened) await store.close();
    opened.clear();
    await server.dispose();
    expect(JSON.stringify(logged.lines)).not.toContain(PASSWORD);
  });

  function open(url = server.url): RingStore {
    const store = openRedisStore({ url, cluster: 'chat', log: logged.log });
    opened.add(store);
    return store;
  }
  async function behind<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(server.url);
    try {
      return await work(redis);
    } finally {
      redis.disconnect();
    }
  }
  const events = () => logged.lines.map(({ event }) => event);
  async function withinTwoSeconds(work: Promise<unknown>) {
    await inTime(2_200, expect(work).rejects.toEqual(unavailable));
  }

  test('a Redis that was killed is used again once it is back, empty: one line each', async () => {
    const store = open();
    await store.save(ringAt(1, 1));
    await server.kill();
    for (let round = 0; round < 5; round++) {
      await withinTwoSeconds(store.load());
      await withinTwoSeconds(store.save(ringAt(1, 2)));
    }
    await server.start();
    await until('it is used again', async () => (await store.load().catch(() => null)) === undefined);
    expect(await store.save(ringAt(1, 2))).toBe('saved');
    expect(events()).toEqual(['redis-connected', 'redis-disconnected', 'redis-connected']);
    expect(logged.warnings[0]).toMatchObject({
      action: expect.any(String),
      address: expect.stringMatching(/^redis:\/\/127/),
    });
  });

  test('a store that is opened before Redis runs says so once, and works when it comes', async () => {
    await server.stop();
    const store = open();
    for (let round = 0; round < 3; round++) await withinTwoSeconds(store.load());
    await server.start();
    await until('it is used', async () => (await store.load().catch(() => null)) === undefined);
    expect(events()).toEqual(['redis-connect-failed', 'redis-connected']);
  });

  test('an emptied Redis takes the next ring', async () => {
    const store = open();
    await store.save(ringAt(5, 1));
    await behind((redis) => redis.flushall());
    expect(await store.revision()).toBeUndefined();
    expect(await store.save(ringAt(5, 1))).toBe('saved');
  });

  test('a Redis that hangs is told to the caller within 2 s, and is used again when it goes on', async () => {
    const store = open();
    await store.save(ringAt(1, 1));
    server.freeze();
    await withinTwoSeconds(store.load());
    await withinTwoSeconds(store.save(ringAt(1, 2)));
    await until('it counts as lost', () => logged.warnings.length > 0);
    await withinTwoSeconds(store.load());
    server.thaw();
    await until('it is used again', async () => (await store.revision().catch(() => undefined)) !== undefined);
    expect(await store.save(ringAt(1, 3))).toBe('saved');
    expect(events()).toEqual(['redis-connected', 'redis-disconnected', 'redis-connected']);
  });

  test('a store on a Redis that hangs is closed within 2 s and leaves nothing', async () => {
    const store = open();
    await store.load();
    server.freeze();
    const loading = expect(store.load()).rejects.toEqual(unavailable);
    await inTime(2_200, Promise.all([store.close(), loading]));
    server.thaw();
  });

  test('a connection through which nothing passes any more is given up for a new one', async () => {
    const relay = await openTcpRelay(server.address);
    const store = open(server.url.replace(/:\d+$/, `:${relay.port}`));
    await store.save(ringAt(1, 1));
    relay.cutOff();
    await withinTwoSeconds(store.load());
    await until('it counts as lost', () => logged.warnings.length > 0);
    relay.mend();
    await until('it is used again', async () => (await store.revision().catch(() => undefined)) !== undefined);
    await store.close();
    await relay.close();
  });

  test.each([
    ['a wrong password', (url: string) => url.replace(PASSWORD, 'wrong-battery'), /refuses the user or the password/],
    ['no password', (url: string) => url.replace(/\/\/.*@/, '//'), /requires a password/],
    ['a database that is not there', (url: string) => `${url}/99`, /has no database with that number/],
    ['a host name that is not known', () => 'redis://no.such.host.invalid:6379', /host name is not known/],
  ])('%s is told in one line, and to the caller', async (_, urlFrom, what) => {
    const store = open(urlFrom(server.url));
    for (let round = 0; round < 4; round++)
      await expect(store.load()).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringMatching(what),
      });
    expect(logged.lines).toEqual([
      expect.objectContaining({
        event: 'redis-connect-failed',
        msg: expect.stringMatching(what),
        action: expect.any(String),
      }),
    ]);
    expect(JSON.stringify(logged.lines)).not.toContain('wrong-battery');
  });

  test('TLS where there is none is told in one line', async () => {
    const store = open(server.url.replace('redis:', 'rediss:'));
    await until('it is told', () => logged.lines.length > 0);
    await withinTwoSeconds(store.load());
    expect(logged.lines).toEqual([
      expect.objectContaining({ msg: expect.stringContaining('the TLS handshake did not finish') }),
    ]);
  });

  test('what is no Redis is told in one line', async () => {
    const web = createServer().listen(0, '127.0.0.1');
    try {
      await once(web, 'listening');
      const store = open(`redis://127.0.0.1:${(web.address() as AddressInfo).port}`);
      await withinTwoSeconds(store.load());
      await withinTwoSeconds(store.load());
    } finally {
      web.close();
      web.closeAllConnections();
    }
    expect(logged.lines).toEqual([expect.objectContaining({ msg: expect.stringContaining('is not Redis') })]);
  });

  test('a password that is changed while it is away is told too', async () => {
    const store = open();
    await store.load();
    await behind((redis) => redis.config('SET', 'requirepass', 'another'));
    const admin = new Redis(server.url.replace(PASSWORD, 'another'));
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await until('both are told', () => logged.warnings.length === 2);
    expect(logged.warnings.map(({ event, msg }) => [event, msg])).toEqual([
      ['redis-disconnected', expect.stringContaining('closed the connection')],
      ['redis-connect-failed', expect.stringContaining('refuses the user or the password')],
    ]);
    await admin.config('SET', 'requirepass', PASSWORD);
    admin.disconnect();
    await until('it is used again', async () => (await store.load().catch(() => null)) === undefined);
  });

  const damages: [what: string, damage: (redis: Redis) => Promise<unknown>][] = [
    ['a text', (redis: Redis) => redis.set(KEY, 'garbage')],
    ['numbers that are none', (redis: Redis) => redis.hset(KEY, { epoch: 'x', version: '-1', message: '{}' })],
    [
      'numbers beyond all measure',
      (redis: Redis) => redis.hset(KEY, { epoch: '9'.repeat(300), version: '1', message: '{}' }),
    ],
    ['a list', (redis: Redis) => redis.lpush(KEY, 'garbage')],
  ];
  test.each(damages)(
    '%s in the place of the ring is refused as damaged, and gives way to the next ring',
    async (_, damage) => {
      const store = open();
      await behind(damage);
      await expect(store.load()).rejects.toMatchObject({ code: 'MESSAGE_INVALID' });
      expect(await store.revision()).toBeUndefined();
      expect(await store.save(ringAt(1, 1))).toBe('saved');
      expect(await store.load()).toEqual(ringAt(1, 1));
    },
  );

  test('numbers that are not those of the message are damage', async () => {
    const store = open();
    await store.save(ringAt(2, 2));
    await behind((redis) => redis.hset(KEY, 'version', '3'));
    await expect(store.load()).rejects.toMatchObject({ code: 'MESSAGE_INVALID', field: 'revision' });
    expect(await store.save(ringAt(2, 4))).toBe('saved');
  });

  test('a Redis that takes no writes says why', async () => {
    const store = open();
    await store.load();
    await behind((redis) => redis.config('SET', 'maxmemory', '1'));
    await expect(store.save(ringAt(1, 1))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('maxmemory'),
    });
  });

  test.each(['http://127.0.0.1', 'redis://host:port', 'secret', 'redis://host/notanumber'])(
    'the URL %s is refused, without telling it',
    (url) => {
      const refusal = expect.objectContaining({
        code: 'CONFIG_INVALID',
        field: 'url',
        message: expect.not.stringContaining(url),
      });
      expect(() => open(url)).toThrow(refusal);
    },
  );
});
