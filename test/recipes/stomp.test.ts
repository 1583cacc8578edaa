import { test } from 'vitest';
import { LIFE_MS, liveThrough } from './support/live-through.ts';
import { expectAsDocumented } from './support/results.ts';

const STACK = { name: 'stomp', by: 'room' } as const;

test(
  'STOMP: clients of a room meet in one node, and move when its owner changes',
  async () => {
    expectAsDocumented(STACK, await liveThrough(STACK));
  },
  LIFE_MS,
);
