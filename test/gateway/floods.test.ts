import { connect, type Socket } from 'node:net';
import { startEchoNode } from '@wscluster/gateway/testing/echo-node';
import {
  accept,
  type RawNode,
  type RawSocket,
  rawUpgrade,
  startRawNode,
  watchSocket,
} from '@wscluster/gateway/testing/raw-socket';
import { revision, ringMessage, ringOf, SETTINGS } from '@wscluster/gateway/testing/rings';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../e2e/support/wait.ts';
import { GatewayProcess } from './support/gateway-process.ts';
import { SHORT } from './support/scene.ts';

/** Floods at a time. */
const COUNT = 20;
/** What each would send if it could. */
const FLOOD_BYTES = 64 << 20;
/** What the gateway may hold of each: a few reads of 64 KiB. */
const HELD_BYTES = 512 << 10;
/** Growth of the process in all: what the allocator keeps of buffers that came and went is a part of it. */
const RSS_BYTES = 160 << 20;
/** More clients than wait to be accepted by Node's default. */
const CROWD = 700;
/** Without any progress for so long, everything in between is full. */
const STANDSTILL_MS = 500;

/** A whole frame of a large binary message; masked as a client's has to be (a mask of zeros). */
function largeFrame(masked: boolean): Buffer {
  const size = 1 << 20;
  const head = [0x82, (masked ? 0x80 : 0) | 127, 0, 0, 0, 0, 0, 16, 0, 0, ...(masked ? [0, 0, 0, 0] : [])];
  return Buffer.concat([Buffer.from(head), Buffer.alloc(size, 7)]);
}

/** Sends the same piece again for as long as it is taken, up to FLOOD_BYTES. */
class Flood {
  readonly #socket: Socket;
  readonly #piece: Buffer;
  sent = 0;

  constructor(socket: Socket, piece: Buffer) {
    this.#socket = socket;
    this.#piece = piece;
    socket.on('drain', () => this.#send());
    this.#send();
  }

  /** Bytes that have left this process. */
  get taken(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  #send(): void {
    while (this.sent < FLOOD_BYTES && !this.#socket.destroyed) {
      this.sent += this.#piece.length;
      if (!this.#socket.write(this.#piece)) return;
    }
  }
}

/** Waits until nothing of what is sent is taken any more. */
async function standstill(floods: readonly Flood[]): Promise<void> {
  let seen = -1;
  let since = performance.now();
  await until(
    'the floods are held back',
    () => {
      const taken = floods.reduce((sum, flood) => sum + flood.taken, 0);
      if (taken !== seen) since = performance.now();
      seen = taken;
      return performance.now() - since > STANDSTILL_MS;
    },
    30_000,
  );
}

let gateway: GatewayProcess;
let node: RawNode;
const stops: (() => Promise<void>)[] = [];

/** `stallMs`: an end that takes nothing for so long is cut off. */
async function start(stallMs: number): Promise<void> {
  node = await startRawNode('a', accept);
  stops.push(node.stop);
  gateway = await GatewayProcess.start(ringMessage(ringOf(revision(1), [node])), { ...SHORT, stallMs, sweepMs: 100 });
}

afterEach(async () => {
  await gateway.kill();
  for (const stop of stops.splice(0)) await stop();
});

/** As many clients, their 101 there. */
async function connectAll(): Promise<RawSocket[]> {
  const clients = Array.from({ length: COUNT }, (_, i) => rawUpgrade(gateway.port, `/connect/user-${i}`));
  await until('all 101', () => clients.every(({ text }) => text.endsWith('\r\n\r\n')));
  return clients;
}

async function nothingLeft(): Promise<void> {
  await until('nothing is left', async () => {
    const { connections, sockets } = await gateway.census({ collect: false });
    return connections === 0 && sockets === 0;
  });
}

interface Growth {
  readonly buffers: number;
  readonly rss: number;
}

async function growthBy(act: () => Promise<unknown>): Promise<Growth> {
  const before = await gateway.census({ collect: true });
  await act();
  const after = await gateway.census({ collect: true });
  return { buffers: after.bufferBytes - before.bufferBytes, rss: after.rssBytes - before.rssBytes };
}

/** Stops reading at these ends, and keeping what they get. */
function quietly(ends: readonly RawSocket[]): void {
  for (const { socket } of ends) socket.removeAllListeners('data').pause();
}

async function readAll(ends: readonly RawSocket[], bytes: number): Promise<void> {
  const got = ends.map(() => 0);
  for (const [i, { socket }] of ends.entries())
    socket.on('data', (chunk: Buffer) => {
      got[i] = (got[i] ?? 0) + chunk.length;
    });
  for (const { socket } of ends) socket.resume();
  await until('all that was sent', () => got.every((sum) => sum >= bytes), 60_000);
}

describe.each([
  ['what a node floods its clients with, who never read,', 'clients'],
  ['what clients flood their node with, which never reads,', 'node'],
] as const)('%s', (_what, reader) => {
  /** The flood is on, and everything between its source and the reader is full. */
  async function flooded({ stallMs = 60_000 } = {}) {
    await start(stallMs);
    const clients = await connectAll();
    const [readers, writers] = reader === 'clients' ? [clients, node.sockets] : [node.sockets, clients];
    quietly(readers);
    const floods: Flood[] = [];
    const growth = await growthBy(async () => {
      floods.push(...writers.map(({ socket }) => new Flood(socket, largeFrame(reader === 'node'))));
      await standstill(floods);
    });
    return { clients, readers, floods, growth };
  }

  it('is held back, and the gateway’s memory is bounded', async () => {
    const { clients, floods, growth } = await flooded();
    expect(growth.buffers).toBeLessThan(COUNT * HELD_BYTES);
    expect(growth.rss).toBeLessThan(RSS_BYTES);
    for (const flood of floods) expect(flood.taken).toBeLessThan(FLOOD_BYTES / 2);
    for (const { socket } of [...clients, ...node.sockets]) socket.resetAndDestroy();
    await nothingLeft();
  });

  it('arrives whole once it is read', async () => {
    const { clients, readers } = await flooded();
    await readAll(readers, FLOOD_BYTES);
    for (const { socket } of clients) socket.destroy();
    await nothingLeft();
  });

  it('is dropped after stallMs when its source is gone, which nobody could see', async () => {
    const { clients } = await flooded({ stallMs: 1_000 });
    const sources = reader === 'clients' ? node.sockets : clients;
    for (const { socket } of sources) socket.resetAndDestroy();
    await nothingLeft();
    for (const { socket } of clients) socket.destroy();
  });

  it('is dropped when the clients are told to go and do not', async () => {
    const { clients } = await flooded();
    gateway.broadcast(ringMessage(ringOf(revision(2), [{ id: 'other', port: 1 }, node], () => 0)));
    await nothingLeft();
    for (const { socket } of clients) socket.destroy();
  });
});

it('what clients pipeline faster than it is answered is held back, and the gateway’s memory is bounded', async () => {
  const echo = await startEchoNode('a');
  stops.push(echo.stop);
  gateway = await GatewayProcess.start(ringMessage(ringOf(revision(1), [echo]), undefined, SETTINGS), SHORT);
  const requests = Buffer.from('GET /send?userId=ada HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(10_000));
  const answered: number[] = [];
  const clients = Array.from({ length: COUNT }, (_, i) => {
    answered[i] = 0;
    const socket = connect({ port: gateway.port, host: '127.0.0.1' }).on('error', () => {});
    return socket.on('data', (chunk: Buffer) => {
      answered[i] = (answered[i] ?? 0) + chunk.toString('latin1').split('HTTP/1.1 200').length - 1;
    });
  });
  const { buffers } = await growthBy(async () => {
    for (const socket of clients) new Flood(socket, requests);
    await until('answers to all of them', () => answered.every((count) => count >= 30), 60_000);
  });
  expect(buffers).toBeLessThan(COUNT * HELD_BYTES);
  for (const socket of clients) socket.resetAndDestroy();
  await nothingLeft();
});

it('what a client goes on sending after it was refused is not read for long, and it gets the answer', async () => {
  await start(60_000);
  const client = watchSocket(connect({ port: gateway.port, host: '127.0.0.1' }));
  client.socket.write(`POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: ${2 * FLOOD_BYTES}\r\n\r\n`);
  const flood = new Flood(client.socket, largeFrame(true));
  await until('its end', () => client.closed);
  expect(client.text).toMatch(/^HTTP\/1\.1 404 /);
  expect(flood.taken).toBeLessThan(FLOOD_BYTES / 2);
  await nothingLeft();
});

it('a crowd that comes while the gateway does not look is accepted by the kernel, and none has to try again', async () => {
  await start(60_000);
  process.kill(gateway.pid, 'SIGSTOP');
  let accepted = 0;
  const clients = Array.from({ length: CROWD }, () => {
    const socket = connect({ port: gateway.port, host: '127.0.0.1' }, () => accepted++);
    return socket.on('error', () => {});
  });
  await until('all are accepted', () => accepted === CROWD, 30_000);
  process.kill(gateway.pid, 'SIGCONT');
  for (const socket of clients) socket.destroy();
  await nothingLeft();
});
