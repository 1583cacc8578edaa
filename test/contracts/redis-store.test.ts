import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type RedisServer, redisServer } from '@wscluster/testbed';
import { openRedisStore } from '@wscluster/transport';
import { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { ringStoreContract, type StoreHarness } from './ring-store.ts';
import { recordingLog } from './support/log-lines.ts';

const KEY = 'wscluster:{chat}:ring';
const saver = fileURLToPath(new URL('support/redis-saver.ts', import.meta.url));

let server: RedisServer;
beforeAll(async () => {
  server = await redisServer();
});
afterAll(() => server.dispose());

ringStoreContract('the Redis store', async (): Promise<StoreHarness> => {
  const { url } = server;
  const { log } = recordingLog();
  const behind = new Redis(url);
  await behind.flushall();
  return {
    open: () => openRedisStore({ url, cluster: 'chat', log }),
    async damage(payload) {
      await behind.del(KEY);
      const revision = revisionIn(payload);
      await behind.hset(KEY, { ...revision, message: payload });
    },
    startSaver: (epoch, count) =>
      spawn(process.execPath, [saver, url, String(epoch), String(count)], { stdio: ['ignore', 'pipe', 'inherit'] }),
    async leftovers() {
      return (await behind.keys('*')).filter((key) => key !== KEY);
    },
    async dispose() {
      await behind.quit();
    },
  };
});

/** What stands beside the message, as it was saved with it: damage hits the one or the other. */
function revisionIn(payload: Buffer): Record<string, number> {
  try {
    return JSON.parse(String(payload)).revision;
  } catch {
    return {};
  }
}
