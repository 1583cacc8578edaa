import { afterEach, expect, test } from 'vitest';
import { Client } from './support/client.ts';
import { allCounted } from './support/counted.ts';
import { http } from './support/http.ts';
import { useCrowd } from './support/use-crowd.ts';
import { until } from './support/wait.ts';

// Without moves for balance alone, so that the full node stays full.
const started = useCrowd(80, { nodes: 4, gateways: 2, drainSeconds: 5, rebalance: { maxMovesPerHour: 0 } });
const more: Client[] = [];
afterEach(() => {
  for (const client of more.splice(0)) client.stop();
});

interface Condition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

async function room(): Promise<Condition | undefined> {
  const { text } = await started().system.api('GET', '');
  const { status } = JSON.parse(text) as { status: { conditions: (Condition & { type: string })[] } };
  return status.conditions.find(({ type }) => type === 'NodesHaveRoom');
}

/** 60 clients more at the first node of the ring, whose limit they then reach; the id of that node. */
async function fillOne(): Promise<string> {
  const { system } = started();
  const ownerOf = await system.owners();
  const full = (await system.ring()).members[0]?.nodeId ?? '';
  const keys = Array.from({ length: 2000 }, (_, n) => `more-${n}`).filter((key) => ownerOf(key) === full);
  more.push(...keys.slice(0, 60).map((key, n) => new Client(key, system.clientUrls(key), n)));
  await until('the clients are connected', () => more.every(({ connected }) => connected));
  await allCounted(system, 140);
  const { connections } = (await system.nodes()).find(({ id }) => id === full) ?? { connections: 0 };
  expect((await system.patch({ nodes: { maxConnections: connections } })).status).toBe(200);
  await until('the condition names the full node', async () => (await room())?.message.includes(full) === true);
  return full;
}

test('a full node is named, and gets neither clients nor more slots when a node leaves; the dry run says so before', async () => {
  const { system, crowd } = started();
  expect(await room()).toMatchObject({ status: 'True', reason: 'NoLimit' });
  const full = await fillOne();
  expect(await room()).toMatchObject({ status: 'False', reason: 'SomeFull' });
  const before = await system.ring();
  const slotsOf = (ring: typeof before, id: string) => ring.members.find(({ nodeId }) => nodeId === id)?.slots;
  const leaving = before.members.at(-1)?.nodeId ?? '';
  const metrics = await http('GET', `http://127.0.0.1:${system.probePort}/metrics`);
  const used = Number(/^wscluster_capacity_used\{cluster="chat"\} (.+)$/m.exec(metrics.text)?.[1]);
  expect(used).toBeGreaterThan(0.35);
  expect(used).toBeLessThan(0.55);

  const asked = await system.api('POST', '/plan', JSON.stringify({ change: { remove: leaving } }), {
    'content-type': 'application/json',
  });
  interface Flow {
    readonly before: number;
    readonly after: number;
    readonly gained: number;
  }
  const plan = JSON.parse(asked.text) as { nodes: { id: string; slots: Flow; connections: Flow }[] };
  const planned = plan.nodes.find(({ id }) => id === full);
  expect(planned?.slots.after).toBe(planned?.slots.before);
  expect(planned?.connections.gained).toBe(0);

  expect((await system.api('DELETE', `/nodes/${leaving}?mode=drain`)).status).toBe(202);
  await until('the node is gone', async () => (await system.nodes()).every(({ id }) => id !== leaving));
  await system.settled(3);
  const after = await system.ring();
  expect(slotsOf(after, full)).toBe(slotsOf(before, full));
  const ownerOf = await system.owners();
  const all = [...crowd.clients, ...more];
  await until('every client is with its owner', () => all.every(({ key, node }) => node === ownerOf(key)));
  expect(all.filter(({ sessions, node }) => node === full && sessions[0]?.node !== full)).toEqual([]);
  expect(all.filter(({ node }) => node === full)).toHaveLength(planned?.connections.after ?? -1);
  expect(await crowd.quiet()).toEqual([]);
});

test('when all nodes are full every client still reaches the owner of its key, also after one has left', async () => {
  const { system, crowd } = started();
  expect((await system.patch({ nodes: { maxConnections: 1 } })).status).toBe(200);
  await until('the condition says that all are full', async () => (await room())?.reason === 'AllFull');
  const leaving = (await system.ring()).members[0]?.nodeId ?? '';
  expect((await system.api('DELETE', `/nodes/${leaving}?mode=drain`)).status).toBe(202);
  await until('the node is gone', async () => (await system.nodes()).every(({ id }) => id !== leaving));
  await system.settled(3);
  for (let n = 0; n < 20; n++) more.push(new Client(`late-${n}`, system.clientUrls(`late-${n}`), n));
  const ownerOf = await system.owners();
  await until('every client is with its owner', () =>
    [...crowd.clients, ...more].every(({ key, node }) => node !== undefined && node === ownerOf(key)),
  );
  expect(await crowd.quiet()).toEqual([]);
  expect((await system.patch({ nodes: { maxConnections: null } })).status).toBe(200);
  await until('the limit is gone', async () => (await room())?.reason === 'NoLimit');
});
