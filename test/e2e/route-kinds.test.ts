import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Client } from './support/client.ts';
import { http } from './support/http.ts';
import { System } from './support/system.ts';
import { until } from './support/wait.ts';

const ROUTES = [
  { path: '/node/{node}/{userId}', key: { node: { param: 'node' } } },
  { path: '/any/{userId}', key: { none: true } },
  { path: '/tab', protocol: 'websocket', key: { cookie: 'wsc', generate: {} } },
  { path: '/app/sticky/whoami', key: { cookie: 'wsc', generate: {} }, rewrite: { prefix: '/app' } },
];

const DRAIN_SECONDS = 8;

let system: System;
const clients: Client[] = [];
beforeAll(async () => {
  system = await System.start({ nodes: 3, gateways: 2, drainSeconds: DRAIN_SECONDS, routes: ROUTES });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.stop();
});
afterAll(() => system.stop());

function crowd(count: number, kind: string): Client[] {
  const made = Array.from({ length: count }, (_, index) => {
    const key = `${kind.replace('/', '-')}-${index}`;
    const urls = [0, 1].map((gateway) => system.gatewayUrl(gateway, `/${kind}/${key}`).replace('http', 'ws'));
    return new Client(key, urls, index);
  });
  clients.push(...made);
  return made;
}

const allAt = (list: readonly Client[], where: (node: string) => boolean) =>
  list.every(({ node }) => node !== undefined && where(node));

test('connections of named nodes stay through changes of the ring, those without a key leave a draining node', async () => {
  const [first] = await system.nodes();
  const id = first?.id ?? '';
  const named = crowd(10, `node/${id}`);
  const free = crowd(60, 'any');
  await until('all are connected', () => [...named, ...free].every(({ connected }) => connected));
  expect(allAt(named, (node) => node === id)).toBe(true);
  expect(new Set(free.map(({ node }) => node)).size).toBe(3);

  await system.addNode();
  await system.settled(4);
  expect(named.flatMap(({ closes }) => closes)).toEqual([]);

  const drainedAt = performance.now();
  expect((await system.api('DELETE', `/nodes/${id}?mode=drain`)).status).toBe(202);
  await until('nobody without a key is at the draining node', () => allAt(free, (node) => node !== id), 30_000);
  const codes = new Set(free.flatMap(({ closes }) => closes.map(({ code }) => code)));
  expect([...codes].filter((code) => code !== 1012)).toEqual([]);

  const url = system.gatewayUrl(0, `/node/${id}/whoami`);
  await until('the node is gone', async () => (await http('GET', url)).status === 410, 30_000);
  await until('its clients know', () => named.every(({ closes }) => closes.length === 1));
  // It has served them to the end of its drain time.
  const ended = named.flatMap(({ closes }) => closes);
  expect(new Set(ended.map(({ code, reason }) => `${code} ${reason}`))).toEqual(new Set(['1012 owner lost']));
  expect(Math.min(...ended.map(({ closedAt = 0 }) => closedAt)) - drainedAt).toBeGreaterThan(
    DRAIN_SECONDS * 1000 - 500,
  );
  expect(allAt(free, (node) => node !== id)).toBe(true);
  expect([...free, ...named].flatMap(({ faults }) => faults)).toEqual([]);
});

test('a generated cookie leads to one node through both gateways', async () => {
  const ask = async (gateway: number, cookie?: string) => {
    const answer = await fetch(system.gatewayUrl(gateway, '/app/sticky/whoami'), {
      headers: cookie === undefined ? {} : { cookie },
    });
    const { node, key } = (await answer.json()) as { node: string; key: string };
    return { node, key, cookie: answer.headers.getSetCookie()[0]?.split(';')[0] };
  };
  const first = await ask(0);
  expect(first.cookie).toBe(`wsc=${first.key}`);
  for (const gateway of [0, 1, 0, 1]) expect(await ask(gateway, first.cookie)).toEqual({ ...first, cookie: undefined });
});

/** A page in a browser: it keeps the cookie that it gets, and reconnects. */
class Tab {
  readonly nodes: string[] = [];
  readonly cookies: string[] = [];
  connected = false;
  readonly #url: string;
  #socket: WebSocket | undefined;
  #stopped = false;

  constructor(url: string) {
    this.#url = url;
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    this.#socket?.terminate();
  }

  #connect(): void {
    const cookie = this.cookies.at(-1);
    const socket = new WebSocket(this.#url, { headers: cookie === undefined ? {} : { cookie } });
    this.#socket = socket;
    socket.on('upgrade', ({ headers }) => {
      for (const line of headers['set-cookie'] ?? []) this.cookies.push(line.split(';')[0] ?? '');
    });
    socket.once('message', (data) => {
      this.nodes.push((JSON.parse(String(data)) as { node: string }).node);
      this.connected = true;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.connected = false;
      if (!this.#stopped) setTimeout(() => !this.#stopped && this.#connect(), 20);
    });
  }
}

test('tabs with generated cookies stay with their node over a restart of the gateway, and move once when it drains', async () => {
  const url = system.gatewayUrl(0, '/tab').replace('http', 'ws');
  const tabs = Array.from({ length: 100 }, () => new Tab(url));
  try {
    await until('all are connected', () => tabs.every(({ connected }) => connected), 20_000);
    const first = tabs.map(({ nodes }) => nodes[0] ?? '');
    expect(new Set(first).size).toBe(3);

    await system.gateways[0]?.process.end('SIGTERM');
    system.startGateway(0);
    await until('all are back', () => tabs.every(({ connected, nodes }) => connected && nodes.length === 2), 30_000);
    expect(tabs.map(({ nodes }) => nodes[1])).toEqual(first);

    await system.settled(3);
    const before = await system.owners();
    const [drained = ''] = first;
    await system.api('DELETE', `/nodes/${drained}?mode=drain`);
    await until(
      'all have left the draining node',
      () => tabs.every(({ connected, nodes }) => connected && nodes.at(-1) !== drained),
      30_000,
    );
    await system.settled(2);
    const after = await system.owners();
    const keyOf = (cookies: readonly string[]) => cookies[0]?.slice('wsc='.length) ?? '';
    await until('all are with their owners', () =>
      tabs.every(({ connected, nodes, cookies }) => connected && nodes.at(-1) === after(keyOf(cookies))),
    );
    for (const { nodes, cookies } of tabs) {
      const key = keyOf(cookies);
      expect(nodes).toHaveLength(before(key) === after(key) ? 2 : 3);
      expect(nodes.at(-1)).toBe(after(key));
    }
    for (const { cookies } of tabs) expect(cookies).toHaveLength(1);
  } finally {
    for (const tab of tabs) tab.stop();
  }
});
