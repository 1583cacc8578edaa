import { redisServer } from '@wscluster/testbed';
import { test } from 'vitest';
import { LIFE_MS, liveThrough } from './support/live-through.ts';
import { expectAsDocumented } from './support/results.ts';

test(
  'Socket.IO with polling: sessions stay with their node, and rooms reach over all nodes',
  async () => {
    const redis = await redisServer();
    try {
      const stack = { name: 'socket.io-polling', by: 'cookie', redisUrl: redis.url } as const;
      expectAsDocumented(stack, await liveThrough(stack));
    } finally {
      await redis.dispose();
    }
  },
  LIFE_MS,
);
