import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { CYCLE } from './numbered/messages.ts';
import { type Clients, startClients } from './numbered/programs.ts';
import { migrations } from './support/migrations.ts';
import { System } from './support/system.ts';
import { until } from './support/wait.ts';

// CONTRIBUTING.md has how to run it in full.
const CLIENTS = Number(process.env.WSCLUSTER_TEST_CLIENTS ?? 200);
const CHANGES = Number(process.env.WSCLUSTER_TEST_CHANGES ?? 4);
/** Between two messages of a client: so that all clients together send 500 a second. */
const EVERY_MS = 2 * CLIENTS;
const SHARES = { chromium: 0.05, python: 0.05, go: 0.05, ws: 0.85 };
const NODE = fileURLToPath(new URL('./numbered/node.ts', import.meta.url));

let system: System;
const clients: Clients[] = [];

afterEach(async () => {
  await Promise.all(clients.map((of) => of.end()));
  await system?.stop();
});

test(`${CLIENTS} clients of the package ws, Chromium, Python and Go lose nothing while owners change ${CHANGES} times`, async () => {
  system = await System.start({
    ...{ nodes: 3, gateways: 2, command: [process.execPath, NODE] },
    rebalance: { mode: 'migrate', maxConnectionsPerSecond: CLIENTS / 4 },
  });
  const keys = Array.from({ length: CLIENTS }, (_, index) => `user-${index}`);
  const urls = keys.map((key, index) => `${system.clientUrls(key)[index % 2]}?first=${index % CYCLE}`);
  for (const [kind, share] of Object.entries(SHARES))
    clients.push(await startClients(kind, urls.splice(0, Math.round(CLIENTS * share)), EVERY_MS));
  const noFaults = async () => {
    const faults = (await Promise.all(clients.map((of) => of.faults()))).flat();
    expect(faults, JSON.stringify(await migrations(system))).toEqual([]);
  };
  const all = async (count: 'open' | 'received') => {
    const counts = await Promise.all(clients.map((of) => of.counts()));
    return counts.reduce((sum, of) => sum + of[count], 0);
  };
  await until('all are connected', async () => (await all('open')) === CLIENTS, 60_000).catch(async (error: Error) => {
    await noFaults();
    throw error;
  });

  const atTheirOwners = async (nodes: number) => {
    await system.settled(nodes, 120_000);
    const owner = await system.owners();
    let last = '';
    const right = async () => {
      const views = (await system.nodes()).map(({ id, connections }) => {
        return { id, connections, owned: keys.filter((key) => owner(key) === id).length };
      });
      last = JSON.stringify(views);
      return views.every(({ connections, owned }) => connections === owned);
    };
    await until('each client is at its owner', right).catch(async (error: Error) => {
      await noFaults();
      throw new Error(`${error.message}: ${last}`);
    });
    await noFaults();
  };
  let added = '';
  const weigh = async (weight: number) => {
    const { members } = await system.ring();
    const ringId = members.find(({ nodeId }) => nodeId !== added)?.ringId ?? 0;
    expect((await system.patch({ nodes: { weights: { [ringId]: weight } } })).status).toBe(200);
  };
  const drain = async () => expect((await system.api('DELETE', `/nodes/${added}`)).status).toBe(202);
  const kinds = [
    async () => {
      added = await system.addNode();
      await atTheirOwners(4);
    },
    // The second of two changes meets connections that are on their way.
    async () => weigh(3),
    async () => {
      await drain();
      await atTheirOwners(3);
    },
    async () => {
      await weigh(1);
      await atTheirOwners(3);
    },
  ];
  const before = await all('received');
  for (let change = 0; change < CHANGES; change++) await kinds[change % kinds.length]?.();
  await until('all have talked meanwhile', async () => (await all('received')) > before + CLIENTS);

  await Promise.all(clients.map((of) => of.calm()));
  await noFaults();
  const outcomes = await migrations(system);
  expect(Object.keys(outcomes).filter((outcome) => outcome !== 'migrated' && outcome !== 'stayed')).toEqual([]);
  expect(outcomes.migrated).toBeGreaterThan((CLIENTS * CHANGES) / 10);
}, 1_200_000);
