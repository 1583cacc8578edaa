import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Client, connectClient } from '../testing/client.ts';
import { eventually } from '../testing/eventually.ts';
import type { GatewayUnderTest } from '../testing/gateway-under-test.ts';
import { AWARE, framesAt, MIGRATING, moveTo, outcomes } from '../testing/migrations.ts';
import { noticed } from '../testing/noticed.ts';
import { accept, type RawNode, type RawSocket } from '../testing/raw-socket.ts';
import { useGateway } from '../testing/use-gateway.ts';
import { closeFrame, ownerChanged } from './close-frame.ts';

const LIMITS = { closeMs: 1_000, nodeCloseMs: 1_000 };
const { gatewayFor, rawNode } = useGateway(LIMITS, MIGRATING);
const hasty = useGateway({ ...LIMITS, releaseMs: 300 }, MIGRATING);

const OWNER_CHANGED = { code: 1012, reason: 'owner changed' };
const OWNER_LOST = { code: 1012, reason: 'owner lost' };
const GOING = { code: 1001, reason: 'gateway going away' };
const GONE = undefined;

/** In the middle of a migration from `a` to `b`. */
interface Scene {
  readonly test: GatewayUnderTest;
  readonly client: Client;
  readonly a: RawNode;
  readonly b: RawNode;
  /** The ends of the connection at the old and at the new owner. */
  readonly old: RawSocket;
  readonly next: RawSocket;
}

/** What goes wrong, what the client then sees (GONE: it has left itself), and what is counted. */
type Fault = readonly [what: string, happen: (scene: Scene) => unknown, seen: Client['closed'], outcome: string];

const newOwnerDies = ({ next }: Scene) => next.socket.destroy();
const oldOwnerDies = ({ old }: Scene) => old.socket.resetAndDestroy();
const clientVanishes = ({ client }: Scene) => client.socket.terminate();
const gatewayStops = ({ test }: Scene) => void test.gateway.stop();

async function begin(use: Pick<typeof hasty, 'gatewayFor' | 'rawNode'>, onNext: (peer: RawSocket) => void) {
  const a = await use.rawNode('a', (peer) => accept(peer, undefined, AWARE));
  const b = await use.rawNode('b', onNext);
  const test = await use.gatewayFor(a, b);
  return { a, b, test, client: await connectClient(test.gateway.port) };
}

async function arrived(b: RawNode): Promise<RawSocket> {
  await eventually('the new owner is dialled', () => b.sockets[0]?.text.includes('\r\n\r\n') === true);
  return b.sockets[0] as RawSocket;
}

/** The outcome, what the client sees, and that nobody keeps anything. */
async function expectAfter(scene: Scene, seen: Client['closed'], outcome: string): Promise<void> {
  const { test, client, next } = scene;
  const { metrics } = test.gateway;
  await eventually('the client is told, or has left', () => client.closed !== undefined);
  if (seen !== GONE) expect(client.closed).toEqual(seen);
  await eventually('the new owner is rid of it', () => next.ended || next.closed);
  await eventually('nothing is left', () => test.gateway.connections === 0);
  const { values = [] } = (await metrics.getSingleMetric('wscluster_gateway_migrations_total')?.get()) ?? {};
  expect(Object.fromEntries(values.map(({ labels, value }) => [labels.outcome, value]))).toEqual({ [outcome]: 1 });
}

describe('while the new owner is dialled', () => {
  it.each<Fault>([
    ['the client vanishes', clientVanishes, GONE, 'client-closing'],
    ['the old owner dies', oldOwnerDies, OWNER_LOST, 'old-owner-broken'],
    ['the gateway stops', gatewayStops, GOING, 'given-up'],
  ])('%s', async (_, happen, seen, outcome) => {
    const scene = await begin({ gatewayFor, rawNode }, () => {});
    moveTo(scene.test, [scene.a, scene.b], 1, 2);
    const all = { ...scene, next: await arrived(scene.b), old: scene.a.sockets[0] as RawSocket };
    happen(all);
    await expectAfter(all, seen, outcome);
  });
});

describe('while the new owner waits for the end of a message of the client', () => {
  it.each<Fault>([
    ['the new owner dies', newOwnerDies, OWNER_CHANGED, 'new-owner-broken'],
    ['the old owner dies', oldOwnerDies, OWNER_CHANGED, 'old-owner-broken'],
    ['the client vanishes', clientVanishes, GONE, 'client-closing'],
    ['the gateway stops', gatewayStops, GOING, 'given-up'],
  ])('%s', async (_, happen, seen, outcome) => {
    const scene = await begin({ gatewayFor, rawNode }, (peer) => accept(peer, undefined, AWARE));
    scene.client.socket.send('half a ', { fin: false });
    const old = scene.a.sockets[0] as RawSocket;
    await eventually('the old owner has a part of it', () => framesAt(old).length === 1);
    moveTo(scene.test, [scene.a, scene.b], 1, 2);
    const all = { ...scene, old, next: await arrived(scene.b) };
    await noticed();
    happen(all);
    await expectAfter(all, seen, outcome);
  });
});

describe('while the old owner is to let go', () => {
  const asked = async (use: Pick<typeof hasty, 'gatewayFor' | 'rawNode'>) => {
    const scene = await begin(use, (peer) => accept(peer, undefined, AWARE));
    moveTo(scene.test, [scene.a, scene.b], 1, 2);
    const all = { ...scene, next: await arrived(scene.b), old: scene.a.sockets[0] as RawSocket };
    await eventually('the old owner is asked', () => framesAt(all.old).length === 1);
    return all;
  };

  it('it never does, though it understands the question', async () => {
    const scene = await asked(hasty);
    await expectAfter(scene, OWNER_CHANGED, 'old-owner-silent');
  });

  it('it ends the connection without a Close', async () => {
    const scene = await asked({ gatewayFor, rawNode });
    scene.old.socket.end();
    await expectAfter(scene, OWNER_CHANGED, 'old-owner-broken');
  });

  it('what the new owner and the client say meanwhile is held back, not held, and nothing of it is lost', async () => {
    const scene = await asked({ gatewayFor, rawNode });
    const { test, client, old, next } = scene;
    const many = 64;
    const large = Buffer.alloc(1 << 20, 'x');
    // A frame of 1 MiB, as a server sends it.
    const head = Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0x10, 0, 0]);
    for (let n = 0; n < many; n++) next.socket.write(Buffer.concat([head, large]));
    for (let n = 0; n < many; n++) client.socket.send(large);
    await noticed();
    const memory = process.memoryUsage().arrayBuffers;
    await noticed();
    // Most of it still waits at its sender: in its own buffers, not in those of the gateway.
    expect(next.socket.writableLength).toBeGreaterThan(16 << 20);
    expect(client.socket.bufferedAmount).toBeGreaterThan(16 << 20);
    expect(process.memoryUsage().arrayBuffers - memory).toBeLessThan(16 << 20);
    old.socket.write(closeFrame(ownerChanged(1000)));
    await eventually('the client has all', () => client.messages.length === many, 30_000);
    expect(new Set(client.messages)).toEqual(new Set([`${1 << 20} bytes`]));
    await eventually('the new owner has all', () => next.received.length > many * large.length, 60_000);
    expect(await outcomes(test)).toEqual({ migrated: 1 });
    client.socket.terminate();
  });
});

it('a connection whose node keeps something from message to message is told to reconnect, and counted', async () => {
  const takeover = ['Sec-WebSocket-Extensions: permessage-deflate'];
  const a = await rawNode('a', (peer) => accept(peer, undefined, takeover));
  const b = await rawNode('b');
  const test = await gatewayFor(a, b);
  const socket = new WebSocket(`ws://127.0.0.1:${test.gateway.port}/connect/ada`);
  let closed: number | undefined;
  socket.on('close', (code) => {
    closed = code;
  });
  await new Promise((resolve) => socket.once('open', resolve));
  moveTo(test, [a, b], 1, 2);
  await eventually('it is told', () => closed !== undefined);
  expect(closed).toBe(1012);
  expect(await outcomes(test)).toEqual({ 'not-portable': 1 });
});

it.each([
  ['its header', '', { 'wscluster-mode': 'migrate' }],
  ['its query', '?wscluster-mode=migrate', {}],
])('a connection migrates because %s asks for it, though its cluster does not', async (_, query, headers) => {
  const reconnecting = { ...MIGRATING, moves: { ...MIGRATING.moves, mode: 'reconnect' as const } };
  const a = await rawNode('a', (peer) => accept(peer, undefined, AWARE));
  const b = await rawNode('b', (peer) => accept(peer, undefined, AWARE));
  const test = await gatewayFor(a, b);
  moveTo(test, [a, b], 0, 2, reconnecting);
  const socket = new WebSocket(`ws://127.0.0.1:${test.gateway.port}/connect/ada${query}`, { headers });
  await new Promise((resolve) => socket.once('open', resolve));
  moveTo(test, [a, b], 1, 3, reconnecting);
  const old = a.sockets[0] as RawSocket;
  await eventually('the old owner is asked', () => framesAt(old).length === 1);
  old.socket.write(closeFrame(ownerChanged(1000)));
  while ((await outcomes(test)).migrated !== 1) await nextTurn();
  expect(socket.readyState).toBe(WebSocket.OPEN);
  socket.terminate();
});
