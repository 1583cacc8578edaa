import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { http } from './support/http.ts';
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
  const calm = async () => {
    clearInterval(talk);
    await until('all echoes are back', () => clients.every(({ settled }) => settled));
    return clients.flatMap(({ key, faults }) => faults.map((fault) => `${key}: ${fault}`));
  };

  test('add, reweight, drain and scale: nobody is disconnected, and no message is lost, doubled or out of order', async () => {
    const id = await system.addNode();
    await atTheirOwners(4);
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

  test('kill -9 of a node with onLost redial: nobody gets a Close, and all can go on', async () => {
    const { revision } = await system.ring();
    expect((await system.patch({ rebalance: { onLost: 'redial' } })).status).toBe(200);
    await until('it is published', async () => (await system.ring()).revision.version > revision.version);
    await system.settled(3);
    expect(await calm()).toEqual([]);
    const victim = (await system.ring()).members[0]?.nodeId ?? '';
    process.kill(system.nodePid(victim), 'SIGKILL');
    await until('it has left the ring', async () =>
      (await system.ring()).members.every(({ nodeId }) => nodeId !== victim),
    );
    await atTheirOwners(3);
    for (const client of clients) for (let message = 0; message < 5; message++) client.send();
    await until('all echoes are back', () => clients.every(({ settled }) => settled));
    expect(clients.flatMap(({ faults, closes }) => [...faults, ...closes])).toEqual([]);
  });
});

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
