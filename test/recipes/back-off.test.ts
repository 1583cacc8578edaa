import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { redisServer } from '@wscluster/testbed';
import { expect, test } from 'vitest';
import { openTcpRelay } from '../contracts/support/tcp-relay.ts';
import { Members } from './support/members.ts';
import { RECIPES, recipeFolder } from './support/recipe-folder.ts';
import { RecipeServer } from './support/recipe-server.ts';

/**
 * Of these attempts the last one has to wait this long, ms. A client that begins with 200 ms, doubles that and waits
 * half of it or more comes after 800; one that waits the same each time, after 500 at most.
 */
const ATTEMPTS = 4;
const LEAST_MS = 750;
/** A connection that has stood for longer than 5 s is a new beginning. */
const STOOD_MS = 5_500;
/** Without a new beginning the next wait would be 1,600 ms or more; with one it is 200 at most, and the connecting. */
const NEW_MS = 1_500;

test('a client backs off from a server that accepts it and ends its connection each time, until a connection has stood', async () => {
  const redis = await redisServer();
  try {
    const looks = await Promise.allSettled(
      RECIPES.map(async (name) => ({ name, ms: await lastWait(name, redis.url) })),
    );
    const failed = looks.filter(({ status }) => status === 'rejected');
    const hasty = looks.filter((look) => look.status === 'fulfilled' && look.value.ms < LEAST_MS);
    expect([...failed, ...hasty]).toEqual([]);
  } finally {
    await redis.dispose();
  }
}, 420_000);

/**
 * How long the client of a recipe waits at last; its jitter is half of what it may be, or more. Then its connections
 * stand until it waits for less once: without a new beginning it would only wait for longer.
 */
async function lastWait(name: string, redisUrl: string): Promise<number> {
  const folder = recipeFolder(name, redisUrl);
  const server = await RecipeServer.start(folder);
  const door = await openTcpRelay(`127.0.0.1:${server.port}`);
  const client = ['client.mjs', 'client.py'].map((file) => join(folder, file)).find(existsSync) ?? '';
  const members = new Members(client, [`127.0.0.1:${door.port}`], ['room-1'], { isPatient: true });
  try {
    const [member] = members.all;
    const waits = () => member?.closes.flatMap(({ backAfterMs }) => backAfterMs ?? []) ?? [];
    const hasTried = () => {
      if (waits().length >= ATTEMPTS) return true;
      if (member?.open) door.end();
      return false;
    };
    await members.until(`the client of ${name} has come back ${ATTEMPTS} times`, hasTried, 120_000);
    const [last = 0] = waits().slice(-1);
    let openSince: number | undefined;
    const startsOver = () => {
      if (
        waits()
          .slice(ATTEMPTS)
          .some((ms) => ms < NEW_MS)
      )
        return true;
      openSince = member?.open ? (openSince ?? performance.now()) : undefined;
      if (openSince !== undefined && performance.now() - openSince > STOOD_MS) door.end();
      return false;
    };
    await members.until(`the client of ${name} starts over once its connection has stood`, startsOver, 120_000);
    return last;
  } finally {
    await members.end();
    await door.close();
    await server.end();
    rmSync(folder, { recursive: true, force: true });
  }
}
