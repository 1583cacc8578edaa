import { afterEach, beforeEach, expect, test } from 'vitest';
import { Client } from './support/client.ts';
import { http } from './support/http.ts';
import { System } from './support/system.ts';
import { until } from './support/wait.ts';

let system: System;
const clients: Client[] = [];
beforeEach(async () => {
  system = await System.start({ nodes: 1, gateways: 2 });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.stop();
  await system.stop();
});

const patch = (spec: unknown) =>
  system.api('PATCH', '', JSON.stringify({ spec }), { 'content-type': 'application/json' });
const connect = (key: string) => {
  const client = new Client(key, system.clientUrls(key).slice(0, 1));
  clients.push(client);
  return client;
};

test('a limit of the cluster reaches every gateway with the ring, and can be changed while clients stay', async () => {
  const stays = connect('ada');
  await until('the first client is connected', () => stays.connected);
  await patch({ gateway: { limits: { maxConnectionsPerKey: 1 } } });
  await system.settled(1);

  const upgrade = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  const refused = await http('GET', system.gatewayUrl(0, '/websocket/connect/ada'), undefined, upgrade);
  expect(refused.status).toBe(429);
  expect(JSON.parse(refused.text)).toMatchObject({ code: 'LIMIT_REACHED', field: 'maxConnectionsPerKey' });
  const metrics = await http('GET', `http://127.0.0.1:${system.gateways[0]?.probes}/metrics`);
  expect(metrics.text).toContain('wscluster_gateway_refused_total{limit="maxConnectionsPerKey"} 1');

  await patch({ gateway: { limits: { maxConnectionsPerKey: null } } });
  await system.settled(1);
  const second = connect('ada');
  await until('the second client is connected', () => second.connected);
  expect(stays.closes).toEqual([]);
});

test('old connections are told to come back, and a gateway that nobody used gets its share', async () => {
  const all = Array.from({ length: 20 }, (_, i) => new Client(`user-${i}`, system.clientUrls(`user-${i}`)));
  clients.push(...all);
  await until('all are connected to the first gateway', () => all.every((client) => client.connected));
  await patch({ gateway: { limits: { maxConnectionSeconds: 5 } } });
  await until('all have come back, to the second', () => all.every(({ sessions }) => sessions.length > 1));

  for (const { sessions, failures } of all) {
    const [first, second] = sessions;
    expect(first).toMatchObject({ url: expect.stringContaining(`:${system.gateways[0]?.port}/`), code: 1012 });
    expect(first?.reason).toBe('maximum age');
    // 80 % of the maximum, less what the client knows late.
    expect((first?.closedAt ?? 0) - (first?.openedAt ?? 0)).toBeGreaterThan(3_500);
    expect(second).toMatchObject({ url: expect.stringContaining(`:${system.gateways[1]?.port}/`), node: first?.node });
    expect(failures).toBe(0);
  }
  const metrics = await http('GET', `http://127.0.0.1:${system.gateways[0]?.probes}/metrics`);
  const told = /wscluster_gateway_refused_total\{limit="maxConnectionSeconds"\} (\d+)/.exec(metrics.text)?.[1];
  expect(Number(told)).toBeGreaterThanOrEqual(20);
});

test('the keys with the most connections are known', async () => {
  const three = [connect('ada'), connect('ada'), connect('ada'), connect('bob')];
  await until('all are connected', () => three.every((client) => client.connected));
  await until(
    'the key is hot',
    async () => {
      const { keys } = JSON.parse((await system.api('GET', '/hot-keys')).text) as {
        keys: { key: string; connections: number }[];
      };
      return keys.some(({ key, connections }) => key === 'ada' && connections === 3);
    },
    15_000,
  );
});
