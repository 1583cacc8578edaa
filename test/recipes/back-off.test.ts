import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { redisServer } from '@wscluster/testbed';
import { expect, test } from 'vitest';
import { EndingDoor } from './support/ending-door.ts';
import { Members } from './support/members.ts';
import { recipeFolder } from './support/recipe-folder.ts';
import { RecipeServer } from './support/recipe-server.ts';

/**
 * Of these attempts the last one has to wait this long, ms. A client that begins with 200 ms, doubles that and waits
 * half of it or more comes after 800; one that waits the same each time, after 500 at most.
 */
const ATTEMPTS = 4;
const LEAST_MS = 750;

const RECIPES = [
  'colyseus',
  'fastapi',
  'go',
  'graphql-ws',
  'hocuspocus',
  'mqtt',
  'socket.io',
  'socket.io-polling',
  'sockjs',
  'sse',
  'stomp',
  'y-websocket',
];

test('a client backs off from a server that accepts it and ends its connection each time', async () => {
  const redis = await redisServer();
  try {
    const waits = await Promise.all(RECIPES.map(async (name) => ({ name, ms: await lastWait(name, redis.url) })));
    expect(waits.filter(({ ms }) => ms < LEAST_MS)).toEqual([]);
  } finally {
    await redis.dispose();
  }
}, 300_000);

/** How long the client of a recipe waits at last. Its jitter is half of what it may be, or more. */
async function lastWait(name: string, redisUrl: string): Promise<number> {
  const folder = recipeFolder(name, redisUrl);
  const server = await RecipeServer.start(folder);
  const door = await EndingDoor.before(server.port);
  const client = ['client.mjs', 'client.py'].map((file) => join(folder, file)).find(existsSync) ?? '';
  const members = new Members(client, [door.address], ['room-1'], { isPatient: true });
  try {
    const closes = members.all[0]?.closes ?? [];
    const waits = () => closes.flatMap(({ backAfterMs }) => backAfterMs ?? []);
    const isOver = () => {
      if (members.all[0]?.open) door.end();
      return waits().length >= ATTEMPTS;
    };
    await members.until(`the client of ${name} has come back ${ATTEMPTS} times`, isOver, 120_000);
    return waits()[ATTEMPTS - 1] ?? 0;
  } finally {
    await members.end();
    await door.close();
    await server.end();
    rmSync(folder, { recursive: true, force: true });
  }
}
