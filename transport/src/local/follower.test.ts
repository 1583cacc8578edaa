import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Uplink } from '@wscluster/ring';
import { silentLogger } from '@wscluster/service';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openLocalFollower } from './follower.ts';

let folder: string;
let socketPath: string;
const cleanups: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'follower-'));
  socketPath = join(folder, 'hub.sock');
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(folder, { recursive: true });
});

function open() {
  const handlers = { onBroadcast: vi.fn(), onConnected: vi.fn(), onDisconnected: vi.fn() };
  const follower = openLocalFollower({ socketPath, log: silentLogger }, handlers);
  cleanups.push(() => follower.close());
  return { follower, ...handlers };
}

/** A server that does with each connection as told, in place of a hub. */
async function serve(onConnection: (socket: Socket) => void): Promise<Server> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  cleanups.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return server;
}

test('a hub that is absent is tried again and again, at growing intervals', async () => {
  const { follower, onConnected, onDisconnected } = open();
  await vi.waitFor(() => expect(follower.connected).toBe(false), 30_000);
  await serve(() => {});
  await vi.waitFor(() => expect(follower.connected).toBe(true), { timeout: 30_000 });
  expect(onConnected).toHaveBeenCalledTimes(1);
  expect(onDisconnected).not.toHaveBeenCalled();
});

test('a hub that breaks off at once is not stormed', async () => {
  let connections = 0;
  await serve((socket) => {
    connections++;
    socket.destroy();
  });
  const before = performance.now();
  open();
  await vi.waitFor(() => expect(connections).toBe(5), { timeout: 30_000, interval: 5 });
  // The shortest waits possible: 50 ms before each of the four repeats.
  expect(performance.now() - before).toBeGreaterThanOrEqual(4 * 50 - 10);
});

test('a hub that does not read makes send refuse instead of filling the memory', async () => {
  await serve((socket) => socket.pause());
  const { follower } = open();
  await vi.waitFor(() => expect(follower.connected).toBe(true), 30_000);
  const large: Uplink = { wire: 1, type: 'leave', cluster: 'c', gateway: 'g'.repeat(100_000) };
  let refused: unknown;
  for (let i = 0; i < 100; i++)
    follower.send(large).catch((error: unknown) => {
      refused ??= error;
    });
  await vi.waitFor(() => expect(refused).toMatchObject({ code: 'BUS_UNAVAILABLE' }), 30_000);
});

test('what was being sent when the connection broke is reported as not sent', async () => {
  await serve((socket) => socket.pause().once('readable', () => socket.destroy()));
  const { follower } = open();
  await vi.waitFor(() => expect(follower.connected).toBe(true), 30_000);
  const large: Uplink = { wire: 1, type: 'leave', cluster: 'c', gateway: 'g'.repeat(3_000_000) };
  await expect(follower.send(large)).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
});

test('a path that the kernel cannot hold is refused at once', () => {
  socketPath = `/${'x'.repeat(200)}`;
  expect(open).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', field: 'socketPath' }));
});
