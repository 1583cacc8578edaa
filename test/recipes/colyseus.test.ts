import { redisServer } from '@wscluster/testbed';
import { test } from 'vitest';
import { LIFE_MS, liveThrough } from './support/live-through.ts';
import { expectAsDocumented } from './support/results.ts';

test(
  'Colyseus: rooms stay at the node that has made them until it leaves',
  async () => {
    const redis = await redisServer();
    try {
      const stack = { name: 'colyseus', by: 'node', redisUrl: redis.url } as const;
      expectAsDocumented(stack, await liveThrough(stack));
    } finally {
      await redis.dispose();
    }
  },
  LIFE_MS,
);
