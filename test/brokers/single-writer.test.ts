import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { root } from '../e2e/support/run.ts';
import { System } from '../e2e/support/system.ts';
import { until } from '../e2e/support/wait.ts';
import { askRedis, useBrokers } from './support/brokers.ts';

// docs/examples/single-writer, as it stands there, with a real Redis.

const example = join(root, 'docs/examples/single-writer');
const brokers = useBrokers();
let folder: string;
let system: System;
const sockets: WebSocket[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wsc-example-'));
  const file = join(folder, 'cluster.yaml');
  const redisUrl = brokers().redis.url;
  const text = readFileSync(join(example, 'cluster.yaml'), 'utf8');
  writeFileSync(
    file,
    text.replace('server.mjs', join(example, 'server.mjs')).replace('redis://127.0.0.1:6379', redisUrl),
  );
  system = await System.start({ file });
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await system?.stop();
  rmSync(folder, { recursive: true });
});

interface Guest {
  readonly socket: WebSocket;
  readonly heard: string[];
  readonly closes: string[];
}

async function enter(url: string, headers: Record<string, string> = {}): Promise<Guest> {
  const socket = new WebSocket(url, { headers });
  sockets.push(socket);
  const guest: Guest = { socket, heard: [], closes: [] };
  socket.on('message', (data) => guest.heard.push(String(data)));
  socket.on('error', () => {});
  socket.on('close', (code, reason) => guest.closes.push(`${code} ${reason}`));
  await until('it is connected', () => socket.readyState === WebSocket.OPEN);
  return guest;
}

const throughGateway = (room: string, index = 0) =>
  enter(system.gatewayUrl(index, `/rooms/${room}`).replace('http', 'ws'));

async function gatewaysKnow(): Promise<boolean> {
  const { gateways } = JSON.parse((await system.api('GET', '/gateways')).text) as { gateways: { inSync: boolean }[] };
  return gateways.every(({ inSync }) => inSync);
}

const said = async (room: string) =>
  (await askRedis(brokers().redis.url, 'LRANGE', `said:${room}`, '0', '-1')) as string[];

test('while rooms move, each number is given once and in order, and nobody is disconnected', async () => {
  const rooms = Array.from({ length: 10 }, (_, n) => `moving-${n}`);
  const guests = await Promise.all(rooms.map((room, index) => throughGateway(room, index % 2)));
  let turn = 0;
  const talk = setInterval(() => guests[turn % guests.length]?.socket.send(`message ${turn++}`), 5);
  const before = await system.owners();
  const id = await system.addNode();
  await system.settled(4);
  const after = await system.owners();
  expect((await system.api('DELETE', `/nodes/${id}`)).status).toBe(202);
  await system.settled(3);
  clearInterval(talk);
  expect(rooms.filter((room) => before(room) !== after(room)).length).toBeGreaterThan(0);
  const heard = () => guests.reduce((sum, guest) => sum + guest.heard.length, 0);
  await until('all is heard', () => heard() === turn);
  for (const [index, room] of rooms.entries()) {
    const numbers = Array.from({ length: Math.ceil((turn - index) / rooms.length) }, (_, n) => n);
    const all = numbers.map((n) => `${n + 1}: message ${n * rooms.length + index}`);
    expect(guests[index]?.heard).toEqual(all);
    expect(await said(room)).toEqual(all);
  }
  expect(guests.flatMap(({ closes }) => closes)).toEqual([]);
});

test('a node that wakes up after its room has moved writes nothing more', async () => {
  const room = 'frozen';
  const { revision } = await system.ring();
  const owner = (await system.owners())(room) ?? '';
  const { address } = (await system.nodes()).find(({ id }) => id === owner) ?? {};
  // As a gateway that has not noticed anything.
  const left = await enter(`ws://${address}/rooms/${room}`, {
    'x-wscluster-key': room,
    'x-wscluster-revision': `${revision.epoch}.${revision.version}`,
  });
  left.socket.send('before');
  await until('it is heard', () => left.heard.length === 1);
  expect((await system.patch({ rebalance: { unreadyGraceSeconds: 1 } })).status).toBe(200);
  const pid = system.nodePid(owner);
  process.kill(pid, 'SIGSTOP');
  try {
    left.socket.send('too late');
    await until('the room has moved', async () => (await system.owners())(room) !== owner, 60_000);
    await until('gateways know', gatewaysKnow);
    const guest = await throughGateway(room);
    guest.socket.send('meanwhile');
    await until('it is heard', () => guest.heard.length === 1);
    expect(guest.heard).toEqual(['2: meanwhile']);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await until('its clients are told to reconnect', () => left.closes.length > 0);
  expect(left.closes).toEqual(['1012 another node owns the room']);
  expect(left.heard).toEqual(['1: before']);
  expect(await said(room)).toEqual(['1: before', '2: meanwhile']);
});
