import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Client, connectClient } from '../testing/client.ts';
import { eventually } from '../testing/eventually.ts';
import type { GatewayUnderTest } from '../testing/gateway-under-test.ts';
import { AWARE, countedBy, framesAt, MIGRATING, moveTo, outcomes, tokenOf } from '../testing/migrations.ts';
import { noticed } from '../testing/noticed.ts';
import { accept, frame, type RawNode, type RawSocket, rawUpgrade } from '../testing/raw-socket.ts';
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

/** Resolves once these have not changed for a while. */
async function still(read: () => readonly number[]): Promise<void> {
  let before: readonly number[] = [];
  for (let now = read(); String(now) !== String(before); now = read()) {
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

/** The outcome, what the client sees, and that nobody keeps anything. */
async function expectAfter(scene: Scene, seen: Client['closed'], outcome: string): Promise<void> {
  const { test, client, next } = scene;
  await eventually('the client is told, or has left', () => client.closed !== undefined);
  if (seen !== GONE) expect(client.closed).toEqual(seen);
  await eventually('the new owner is rid of it', () => next.ended || next.closed);
  await eventually('nothing is left', () => test.gateway.connections === 0);
  expect(await countedBy(test.gateway)).toEqual({ [outcome]: 1 });
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
    const a = await rawNode('a', (peer) => accept(peer, undefined, AWARE));
    const b = await rawNode('b', (peer) => accept(peer));
    const test = await gatewayFor(a, b);
    const client = rawUpgrade(test.gateway.port, '/connect/ada');
    await eventually('it is open', () => client.text.includes('\r\n\r\n'));
    moveTo(test, [a, b], 1, 2);
    const next = await arrived(b);
    const old = a.sockets[0] as RawSocket;
    await eventually('the old owner is asked', () => framesAt(old).length === 1);
    const ends = [flood(client.socket, 0x80), flood(next.socket, 0)];
    await still(() => ends.map(({ sent }) => sent));
    for (const { sent } of ends) expect(sent).toBeLessThan(FLOOD / 4);
    old.socket.write(closeFrame(ownerChanged(1000)));
    await eventually('both have all', () => ends.every(({ taken }) => taken >= FLOOD));
    expect(await outcomes(test)).toEqual({ migrated: 1 });
    client.socket.destroy();
  });
});

describe('the state that an old owner hands over', () => {
  /** It lets go with so many bytes of state. */
  const released = async (bytes: number) => {
    const scene = await begin({ gatewayFor, rawNode }, (peer) => accept(peer, undefined, AWARE));
    moveTo(scene.test, [scene.a, scene.b], 1, 2);
    const next = await arrived(scene.b);
    const old = scene.a.sockets[0] as RawSocket;
    await eventually('the old owner is asked', () => framesAt(old).length === 1);
    const [release, state] = ['release', 'state'].map((what) => frame(0xa, `wscluster:${what} ${tokenOf(old)}`));
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(bytes));
    const binary = [Buffer.from([0x82, 127]), length, Buffer.alloc(bytes, 's')];
    old.socket.write(Buffer.concat([release as Buffer, state as Buffer, ...binary, closeFrame(ownerChanged(1000))]));
    return { ...scene, old, next };
  };

  it('arrives whole if it has 1 MiB', async () => {
    const { test, client, next } = await released(1 << 20);
    await eventually('it may begin', () => next.received.length > 1 << 20 && framesAt(next).length === 3);
    const [state, begins] = framesAt(next).slice(1) as [[number, string], [number, string]];
    expect(state[1]).toBe('s'.repeat(1 << 20));
    expect(begins[1]).toContain('wscluster:begin');
    expect(await outcomes(test)).toEqual({ migrated: 1 });
    expect(client.closed).toBeUndefined();
    client.socket.terminate();
  });

  it('makes its client reconnect if it has a byte more', async () => {
    await expectAfter(await released((1 << 20) + 1), OWNER_CHANGED, 'old-owner-broken');
  });
});

/** Bytes that both ends send in frames of 64 KiB: more than all buffers of the kernel hold. */
const FLOOD = 64 << 20;
const PIECE = 1 << 16;

/** Sends frame by frame, each once the one before has gone to the kernel, and counts what comes from the other end. */
function flood(socket: Socket, maskBit: number): { readonly sent: number; readonly taken: number } {
  const counts = { sent: 0, taken: 0 };
  const head = [0x82, maskBit | 127, 0, 0, 0, 0, 0, 1, 0, 0, ...(maskBit === 0 ? [] : [0, 0, 0, 0])];
  const piece = Buffer.concat([Buffer.from(head), Buffer.alloc(PIECE)]);
  // To keep all would take longer than to send it.
  socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
    counts.taken += chunk.length;
  });
  const next = () => {
    if (counts.sent >= FLOOD) return;
    socket.write(piece, () => {
      counts.sent += PIECE;
      next();
    });
  };
  next();
  return counts;
}

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

it('a connection whose owner changes again and again while it is dialled is told to reconnect', async () => {
  const scene = await begin({ gatewayFor, rawNode }, () => {});
  const { a, b, test, client } = scene;
  const c = await rawNode('c');
  const nodes = [a, b, c];
  let last: RawSocket | undefined;
  for (let round = 0; round < 3; round++) {
    const [index, visits] = [1 + (round % 2), Math.floor(round / 2)];
    moveTo(test, nodes, index, round + 2);
    // The answer of the one before comes when it is no longer the owner.
    if (last !== undefined) accept(last, undefined, AWARE);
    await eventually('the owner is dialled', () => nodes[index]?.sockets[visits]?.text.includes('\r\n\r\n') === true);
    last = nodes[index]?.sockets[visits];
  }
  moveTo(test, nodes, 2, 5);
  accept(last as RawSocket, undefined, AWARE);
  await expectAfter(
    { ...scene, next: last as RawSocket, old: a.sockets[0] as RawSocket },
    OWNER_CHANGED,
    'owner-unsettled',
  );
  expect(client.closed).toEqual(OWNER_CHANGED);
});

it.each([
  ['its header', '', { 'wscluster-mode': 'migrate' }, undefined],
  ['its query', '?wscluster-mode=migrate', {}, undefined],
  ['its route', '', {}, 'migrate' as const],
])('a connection migrates because %s says so, though its cluster does not', async (_, query, headers, mode) => {
  const routes = MIGRATING.routes.map((route) => (mode === undefined ? route : { ...route, mode }));
  const reconnecting = { ...MIGRATING, routes, moves: { ...MIGRATING.moves, mode: 'reconnect' as const } };
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
