import { existsSync, readlinkSync } from 'node:fs';
import { type RedisServer, redisServer } from '@wscluster/testbed';
import { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';

let redis: RedisServer | undefined;
afterEach(() => redis?.dispose());

/** What a client of the test does; it closes its connection. Rejects with what the server said first. */
async function asClient<Result>(url: string, work: (client: Redis) => Promise<Result>): Promise<Result> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: null, commandTimeout: 300 });
  let first: Error | undefined;
  client.on('error', (error) => {
    first ??= error;
  });
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    throw first ?? error;
  } finally {
    client.disconnect();
  }
}

test('a killed Redis is refused, and is empty at the same address when it starts again', async () => {
  redis = await redisServer();
  const { url, address } = redis;
  await asClient(url, (client) => client.set('key', 'value'));
  await redis.kill();
  expect(redis.pid).toBeUndefined();
  await expect(asClient(url, (client) => client.ping())).rejects.toThrow(/ECONNREFUSED/);
  await redis.start();
  expect(redis.address).toBe(address);
  expect(await asClient(url, (client) => client.get('key'))).toBeNull();
});

test('a Redis with a password refuses clients without it', async () => {
  redis = await redisServer({ password: 'a secret/with@signs' });
  expect(await asClient(redis.url, (client) => client.ping())).toBe('PONG');
  await expect(asClient(`redis://${redis.address}`, (client) => client.ping())).rejects.toThrow(/NOAUTH/);
});

test('a frozen Redis answers nothing until it thaws', async () => {
  const frozen = await redisServer();
  redis = frozen;
  await asClient(frozen.url, async (client) => {
    frozen.freeze();
    await expect(client.ping()).rejects.toThrow(/timed out/);
    frozen.thaw();
    expect(await client.ping()).toBe('PONG');
  });
});

test('a disposed Redis leaves no process and no folder', async () => {
  redis = await redisServer();
  const { pid = 0 } = redis;
  const folder = readlinkSync(`/proc/${pid}/cwd`);
  await redis.dispose();
  expect(existsSync(`/proc/${pid}`)).toBe(false);
  expect(existsSync(folder)).toBe(false);
});
