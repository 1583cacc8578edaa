import { afterEach, beforeEach, expect, test } from 'vitest';
import { Client } from './support/client.ts';
import { http } from './support/http.ts';
import { System } from './support/system.ts';
import { until } from './support/wait.ts';

const CLIENTS = 40;

let system: System;
const clients: Client[] = [];
beforeEach(async () => {
  system = await System.start({ nodes: 2, gateways: 2 });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.stop();
  await system.stop();
});

/** All at the first gateway. `urls`: where clients come back to, in turn. */
async function connect(urls: (key: string) => string[]): Promise<void> {
  for (let n = 0; n < CLIENTS; n++) clients.push(new Client(`user-${n}`, urls(`user-${n}`)));
  await until('all are connected', () => clients.every(({ connected }) => connected));
  expect((await system.patch({ gateway: { rebalance: true } })).status).toBe(200);
}
const closes = () => clients.flatMap((client) => client.closes);
const counts = async () => {
  const { text } = await system.api('GET', '/gateways');
  const { gateways } = JSON.parse(text) as { gateways: { id: string; connections: number }[] };
  return gateways.map(({ connections }) => connections);
};

test('clients of an overfull gateway are told to come back, as many as are above the mean, and then it is even', async () => {
  await connect((key) => system.clientUrls(key));
  await until('both have as many', async () => (await counts()).every((count) => count === CLIENTS / 2), 60_000);
  await until('all are connected again', () => clients.every(({ connected }) => connected));
  // One whose first attempt failed was at the second gateway from the start.
  const atFirst = clients.filter(({ sessions }) => sessions[0]?.url.includes(`:${system.gateways[0]?.port}/`)).length;
  const told = atFirst - CLIENTS / 2;
  expect(closes()).toHaveLength(told);
  for (const session of closes()) expect(session).toMatchObject({ code: 1012, reason: 'gateway overfull' });
  for (const { sessions } of clients) expect(new Set(sessions.map(({ node }) => node)).size).toBe(1);
  const { text } = await http('GET', `http://127.0.0.1:${system.gateways[0]?.probes}/metrics`);
  expect(text).toContain(`wscluster_gateway_refused_total{limit="rebalance"} ${told}`);
});

test('if they come back to the same gateway the controller says so, and stops', async () => {
  await connect((key) => system.clientUrls(key).slice(0, 1));
  await until('it gives up', () => system.controller.has('gateways-stay-uneven'), 90_000);
  await until('all are connected again', () => clients.every(({ connected }) => connected));
  expect(closes()).toHaveLength(CLIENTS);
  // The oldest are told first: nobody twice while others never are.
  for (const client of clients) expect(client.closes).toHaveLength(1);
  const events = system.controller.lines.map(({ event }) => event);
  expect(events.filter((event) => event === 'gateways-evened')).toHaveLength(2);
});
