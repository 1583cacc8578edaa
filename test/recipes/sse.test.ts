import { test } from 'vitest';
import { LIFE_MS, liveThrough } from './support/live-through.ts';
import { expectAsDocumented } from './support/results.ts';

const STACK = { name: 'sse', by: 'room', eventStreams: true } as const;

test(
  'event streams: clients of a room meet in one node, and move when its owner changes',
  async () => {
    expectAsDocumented(STACK, await liveThrough(STACK));
  },
  LIFE_MS,
);
