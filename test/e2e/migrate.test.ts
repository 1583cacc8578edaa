import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { http } from './support/http.ts';
import { SteadyClient } from './support/steady-client.ts';
import { System } from './support/system.ts';
import { until } from './support/wait.ts';

const CLIENTS = 150;

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
      throw new Error(`${error.message}; closed: ${closes.join(', ')}; ${JSON.stringify(await migrated())}`);
    });
  };
  const calm = async () => {
    clearInterval(talk);
    await until('all echoes are back', () => clients.every(({ settled }) => settled));
    return clients.flatMap(({ key, faults }) => faults.map((fault) => `${key}: ${fault}`));
  };
  const migrated = async () => {
    const texts = await Promise.all(
      system.gateways.map(async ({ probes }) => (await http('GET', `http://127.0.0.1:${probes}/metrics`)).text),
    );
    const counts = texts.flatMap((text) => [...text.matchAll(/migrations_total\{outcome="([^"]+)"\} (\d+)/g)]);
    const sums = new Map<string, number>();
    for (const [, outcome = '', count] of counts) sums.set(outcome, (sums.get(outcome) ?? 0) + Number(count));
    return Object.fromEntries(sums);
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
    const outcomes = await migrated();
    expect(Object.keys(outcomes)).toEqual(['migrated']);
    expect(outcomes.migrated).toBeGreaterThan(CLIENTS / 2);
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
