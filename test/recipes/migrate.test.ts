import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { migrations } from '../e2e/support/migrations.ts';
import { System } from '../e2e/support/system.ts';
import { until } from '../e2e/support/wait.ts';
import { Members } from './support/members.ts';
import { recipeFolder } from './support/recipe-folder.ts';

const ROOMS = Array.from({ length: 8 }, (_, n) => `room-${n + 1}`);

// Those of which docs/migration.md says that they need no change.
test.each(['go', 'fastapi'])(
  '%s with rebalance.mode migrate: nobody is disconnected, and all hear each other afterwards',
  async (recipe) => {
    const folder = recipeFolder(recipe);
    let system: System | undefined;
    let members: Members | undefined;
    try {
      system = await System.start({ file: join(folder, 'cluster.yaml') });
      const { revision } = await system.ring();
      expect((await system.patch({ rebalance: { mode: 'migrate' } })).status).toBe(200);
      await until('it is published', async () => (await system?.ring())?.revision.version !== revision.version);
      await system.settled(3);
      const client = ['client.mjs', 'client.py'].map((name) => join(folder, name)).find(existsSync) ?? '';
      members = new Members(
        client,
        system.gateways.map(({ port }) => `127.0.0.1:${port}`),
        ROOMS,
      );
      await members.hearEachOther();
      const id = await system.addNode();
      await system.settled(4);
      await members.hearEachOther();
      expect((await system.api('DELETE', `/nodes/${id}`)).status).toBe(202);
      await system.settled(3);
      await members.hearEachOther();
      expect(members.all.flatMap(({ closes }) => closes)).toEqual([]);
      const outcomes = await migrations(system);
      expect(Object.keys(outcomes)).toEqual(['migrated']);
    } finally {
      await members?.end();
      await system?.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
  300_000,
);
