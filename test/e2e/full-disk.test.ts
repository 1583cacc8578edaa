import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Client } from './support/client.ts';
import { System } from './support/system.ts';
import { until } from './support/wait.ts';

let system: System;
const clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.stop();
  await system.stop();
});

/**
 * Files of a process take so many bytes from now on: the size limit of the system stands for the disk, and needs no
 * root.
 */
function limitFiles(pid: number, bytes: '0' | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);
}

const condition = async (type: string) => {
  const { status } = JSON.parse((await system.api('GET', '')).text) as {
    status: { conditions: { type: string; status: string; reason: string; message: string }[] };
  };
  return status.conditions.find((found) => found.type === type);
};

test('a state folder that takes nothing more is a condition, and nothing is lost once it does', async () => {
  system = await System.start({ nodes: 3, gateways: 1, drainSeconds: 5 });
  for (let n = 0; n < 20; n++) clients.push(new Client(`user-${n}`, system.clientUrls(`user-${n}`)));
  await until('all clients are connected', () => clients.every((client) => client.connected));

  limitFiles(system.controller.pid, '0');
  const [leaving] = await system.nodes();
  const leavingId = leaving?.id ?? '';
  // Somebody asks the node to leave who does not know of the controller: that cannot be refused.
  process.kill(system.nodePid(leavingId), 'SIGTERM');
  await until(
    'the lack of a node is a condition',
    async () => (await condition('BackendsAvailable'))?.reason === 'NodeActionFailed',
    20_000,
  );
  expect((await condition('BackendsAvailable'))?.message).toContain('cannot be written');
  await until(
    'the store is one too',
    async () => (await condition('RingPublished'))?.reason === 'StoreUnavailable',
    20_000,
  );
  const refused = await system.patch({ rebalance: { tolerance: 0.5 } });
  expect([refused.status, JSON.parse(refused.text).code]).toEqual([503, 'STORE_UNAVAILABLE']);
  await until('its clients are with other nodes', () =>
    clients.every((client) => client.connected && client.node !== leavingId),
  );
  // What could not be kept about it is of no use any more.
  await until(
    'it has ended',
    async () => !(await system.nodes()).some(({ id, state }) => id === leavingId && state !== 'gone'),
  );
  const closes = clients.flatMap((client) => client.closes);
  expect(system.controller.ended).toBe(false);

  limitFiles(system.controller.pid, 'unlimited');
  await system.settled(3);
  expect((await system.patch({ rebalance: { tolerance: 0.5 } })).status).toBe(200);
  await system.settled(3);
  // A controller makes good what happens to its files while it runs.
  for (const file of ['spec.json', 'ring.json']) {
    const path = join(system.directory, 'state', system.name, file);
    writeFileSync(path, '{"cut');
    await until(`${file} is good again`, () => readFileSync(path, 'utf8').endsWith('}\n'));
  }
  const ring = await system.ring();
  await system.controller.end('SIGKILL');
  system.startController();
  await system.settled(3);
  const after = await system.ring();
  expect([after.members, after.table]).toEqual([ring.members, ring.table]);
  const { spec } = JSON.parse((await system.api('GET', '')).text) as { spec: { rebalance: { tolerance: number } } };
  expect(spec.rebalance.tolerance).toBe(0.5);
  expect(closes.every(({ code }) => code === 1012)).toBe(true);
});
