import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { allCounted } from './support/counted.ts';
import { http } from './support/http.ts';
import { metricOf } from './support/metric.ts';
import { migrations } from './support/migrations.ts';
import { SteadyClient } from './support/steady-client.ts';
import { SteadyCrowd } from './support/steady-crowd.ts';
import { System } from './support/system.ts';
import { until } from './support/wait.ts';

const CLIENTS = 150;

interface GatewayMoves {
  readonly moved: number;
  readonly migrated: number;
}

describe(`rebalance.mode migrate, with ${CLIENTS} clients that never reconnect, on two gateways`, () => {
  let system: System;
  let clients: SteadyClient[];
  let talk: NodeJS.Timeout;

  beforeEach(async () => {
    system = await System.start({
      nodes: 3,
      gateways: 2,
      rebalance: { mode: 'migrate', maxConnectionsPerSecond: 200 },
    });
    clients = Array.from({ length: CLIENTS }, (_, n) => {
      const urls = system.clientUrls(`user-${n}`);
      return new SteadyClient(`user-${n}`, urls[n % urls.length] ?? '', { compress: n % 2 === 0 });
    });
    await until('all are connected', () => clients.every(({ open }) => open));
    let turn = 0;
    talk = setInterval(() => {
      for (let n = 0; n < 10; n++) clients[turn++ % CLIENTS]?.send();
    }, 20);
  });
  afterEach(async () => {
    clearInterval(talk);
    for (const client of clients) client.stop();
    await system.stop();
  });

  /** Each owner sends its name to its clients; who is elsewhere does not get it. */
  const nameOwners = async () => {
    const owners = await system.owners();
    const addresses = new Map((await system.nodes()).map(({ id, address }) => [id, address]));
    const elsewhere = clients.filter(({ key, node }) => node !== owners(key));
    const name = async ({ key }: SteadyClient) => {
      const node = owners(key) ?? '';
      await http('POST', `http://${addresses.get(node)}/send?userId=${key}`, JSON.stringify({ node }));
    };
    await Promise.all(elsewhere.map(name));
    return elsewhere.length === 0;
  };
  const atTheirOwners = async (nodes: number) => {
    await system.settled(nodes);
    await until('each is with its owner', nameOwners).catch(async (error: Error) => {
      const closes = clients.flatMap((client) => client.closes);
      throw new Error(`${error.message}; closed: ${closes.join(', ')}; ${JSON.stringify(await migrations(system))}`);
    });
  };
  const calm = async (these = clients) => {
    clearInterval(talk);
    await until('all echoes are back', () => these.every(({ settled }) => settled));
    return these.flatMap(({ key, faults }) => faults.map((fault) => `${key}: ${fault}`));
  };
  /** What a change would move, as a dry run says. */
  const planned = async (change: object) => {
    const answer = await system.api('POST', '/plan', JSON.stringify({ change }), {
      'content-type': 'application/json',
    });
    return JSON.parse(answer.text) as { connections: number; unnoticed: { connections: number; exact: boolean } };
  };

  test('add, reweight, drain and scale: nobody is disconnected, and no message is lost, doubled or out of order', async () => {
    await allCounted(system, CLIENTS);
    const plan = await planned({ add: 1 });
    expect(plan.connections).toBeGreaterThan(CLIENTS / 10);
    expect(plan.unnoticed).toEqual({ connections: plan.connections, exact: true });
    const id = await system.addNode();
    await atTheirOwners(4);
    expect((await migrations(system)).migrated).toBe(plan.unnoticed.connections);
    const { ringId } = (await system.ring()).members.find(({ nodeId }) => nodeId === id) ?? {};
    expect((await system.patch({ nodes: { weights: { [ringId ?? 0]: 2 } } })).status).toBe(200);
    await atTheirOwners(4);
    expect((await system.api('DELETE', `/nodes/${id}`)).status).toBe(202);
    await atTheirOwners(3);
    expect((await system.patch({ nodes: { replicas: 2 } })).status).toBe(200);
    await atTheirOwners(2);

    expect(await calm()).toEqual([]);
    expect(clients.filter(({ closes }) => closes.length > 0)).toEqual([]);
    const outcomes = await migrations(system);
    expect(Object.keys(outcomes)).toEqual(['migrated']);
    expect(outcomes.migrated).toBeGreaterThan(CLIENTS / 2);
    // The API shows them apart from reconnects, of which there were none.
    await until('the gateways have reported them', async () => {
      const { gateways } = JSON.parse((await system.api('GET', '/gateways')).text) as { gateways: GatewayMoves[] };
      return gateways.reduce((sum, { migrated }) => sum + migrated, 0) === outcomes.migrated;
    });
    const { gateways } = JSON.parse((await system.api('GET', '/gateways')).text) as { gateways: GatewayMoves[] };
    expect(gateways.map(({ moved }) => moved)).toEqual(gateways.map(({ migrated }) => migrated));
  });

  test('SIGTERM of a gateway in the middle of migrations: it ends, its clients get a Close, and the others notice nothing', async () => {
    const [stopping] = system.gateways;
    if (stopping === undefined) throw new Error('there is no gateway');
    // Within a message, so that their migrations wait.
    const held = Array.from({ length: 40 }, (_, n) => new WebSocket(system.clientUrls(`held-${n}`)[0] ?? ''));
    const heldCloses: number[] = [];
    for (const socket of held) {
      socket.on('open', () => socket.send('half a ', { fin: false })).on('close', (code) => heldCloses.push(code));
      socket.on('error', () => {});
    }
    await until('they are connected', () => held.every(({ readyState }) => readyState === WebSocket.OPEN));
    await system.addNode();
    await until('some are on their way', async () => (await underWay(stopping.probes)) > 2);
    expect(await stopping.process.end('SIGTERM')).toBe(0);

    const [left, stay] = [0, 1].map((gateway) => clients.filter((_, n) => n % 2 === gateway)) as [
      SteadyClient[],
      SteadyClient[],
    ];
    const toldAll = () => heldCloses.length === held.length && left.every(({ closes }) => closes.length === 1);
    await until('all of its clients are told', toldAll);
    const regular = ['1001 gateway going away', '1012 owner changed'];
    expect(left.flatMap(({ closes }) => closes).filter((close) => !regular.includes(close))).toEqual([]);
    expect(heldCloses.filter((code) => code !== 1001 && code !== 1012)).toEqual([]);
    await system.settled(4);
    await until('the nodes have no other connections', async () => {
      const counts = (await system.nodes()).map(async ({ address }) => {
        const { text } = await http('GET', `http://${address}/count`);
        return (JSON.parse(text) as { connections: number }).connections;
      });
      return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0) === stay.length;
    });
    expect(await calm(stay)).toEqual([]);
    expect(stay.flatMap(({ closes }) => closes)).toEqual([]);
    const back = left.map(({ key }) => new SteadyClient(key, system.clientUrls(key)[1] ?? ''));
    clients.push(...back);
    const owner = await system.owners();
    await until('they go on at the other one', () => back.every(({ key, node }) => node === owner(key)));
  });

  test('kill -9 of a node: its clients get a Close, and nobody else notices', async () => {
    const { members } = await system.ring();
    const victim = members[0]?.nodeId ?? '';
    const lost = clients.filter(({ node }) => node === victim).map(({ key }) => key);
    process.kill(system.nodePid(victim), 'SIGKILL');
    await until('they are told', () => clients.filter(({ closes }) => closes.length > 0).length === lost.length);
    expect(clients.filter(({ closes }) => closes.length > 0).map(({ key }) => key)).toEqual(lost);
    const others = clients.filter(({ key }) => !lost.includes(key));
    clearInterval(talk);
    await until('all other echoes are back', () => others.every(({ settled }) => settled));
    expect(others.flatMap(({ faults }) => faults)).toEqual([]);
  });

  test('kill -9 of a node with onLost redial, in the middle of traffic: who was between two messages goes on, and no message is doubled or out of order', async () => {
    const { revision } = await system.ring();
    expect((await system.patch({ rebalance: { onLost: 'redial' } })).status).toBe(200);
    await until('it is published', async () => (await system.ring()).revision.version > revision.version);
    await system.settled(3);
    const victim = (await system.ring()).members[0]?.nodeId ?? '';
    const [lost, others] = [true, false].map((is) => clients.filter(({ node }) => (node === victim) === is)) as [
      SteadyClient[],
      SteadyClient[],
    ];
    for (const client of lost) client.mayLose = true;
    process.kill(system.nodePid(victim), 'SIGKILL');
    await until('it has left the ring', async () =>
      (await system.ring()).members.every(({ nodeId }) => nodeId !== victim),
    );
    await system.settled(3);
    const open = clients.filter(({ closes }) => closes.length === 0);
    for (const client of open) for (let message = 0; message < 5; message++) client.send();
    expect(await calm(open)).toEqual([]);
    expect(others.filter(({ closes }) => closes.length > 0)).toEqual([]);
    // Who was within a message, or whose node was, is told to reconnect, or cut off within the message.
    const closes = lost.flatMap((client) => client.closes);
    expect(closes.filter((close) => close !== '1012 owner lost' && close !== '1006 ')).toEqual([]);
    expect((await migrations(system)).redialled).toBe(lost.length - closes.length);
    // On a busy machine most of them may be within a message.
    expect(closes.length).toBeLessThan(lost.length);
  });
});

/** Moves of a gateway that have begun and not ended. */
async function underWay(probes: number): Promise<number> {
  const begun = await metricOf(probes, 'wscluster_gateway_moves_total');
  const ended = Object.values(await migrations({ gateways: [{ probes }] }));
  return begun - ended.reduce((sum, count) => sum + count, 0);
}

test('a backend that knows nothing of migrations: its clients stay connected, and no echo is lost, doubled or out of order', async () => {
  const program = fileURLToPath(new URL('./support/plain-echo.mjs', import.meta.url));
  const system = await System.start({
    ...{ nodes: 2, gateways: 2, command: [process.execPath, program] },
    rebalance: { mode: 'migrate' },
  });
  let crowd: SteadyCrowd | undefined;
  try {
    crowd = await SteadyCrowd.connect(system, { size: 40, perSecond: 200, greeted: false });
    const id = await system.addNode();
    await system.settled(3);
    await crowd.atTheirOwners(system);
    expect((await system.api('DELETE', `/nodes/${id}`)).status).toBe(202);
    await system.settled(2);
    await crowd.atTheirOwners(system);
    expect(await crowd.noticed()).toEqual([]);
    const outcomes = await migrations(system);
    expect(Object.keys(outcomes)).toEqual(['migrated']);
    expect(outcomes.migrated).toBeGreaterThan(10);
  } finally {
    crowd?.stop();
    await system.stop();
  }
});
