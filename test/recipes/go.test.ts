import { test } from 'vitest';
import { LIFE_MS, liveThrough } from './support/live-through.ts';
import { expectAsDocumented } from './support/results.ts';

const STACK = { name: 'go', by: 'room' } as const;

test(
  'a server in Go: clients of a room meet in one node, and move when its owner changes',
  async () => {
    expectAsDocumented(STACK, await liveThrough(STACK));
  },
  LIFE_MS,
);
