import { openRedisDocuments } from '@wscluster/controller/adapters/redis/documents';
import { type RedisServer, redisServer } from '@wscluster/testbed';
import { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { documentsContract } from './documents.ts';
import { recordingLog } from './support/log-lines.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await redisServer();
});
afterAll(() => server.dispose());

documentsContract('the hash in Redis', async () => {
  if (server.pid === undefined) await server.start();
  const { url } = server;
  const { log } = recordingLog();
  const behind = new Redis(url);
  behind.on('error', () => {});
  await behind.flushall();
  return {
    open: () => openRedisDocuments({ url, cluster: 'chat', log }),
    async damage(name, text) {
      await behind.hset('wscluster:{chat}:documents', name, text);
    },
    breakStorage: () => server.kill(),
    dispose: async () => behind.disconnect(),
  };
});
