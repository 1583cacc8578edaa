import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Broadcast } from '@wscluster/ring';
import { silentLogger } from '@wscluster/service';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openLocalHub } from './hub.ts';
import { MAX_LINE_BYTES } from './lines.ts';

let folder: string;
let socketPath: string;
const cleanups: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-'));
  socketPath = join(folder, 'hub.sock');
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(folder, { recursive: true });
});

async function open(path = socketPath, maxBacklogBytes?: number) {
  const onUplink = vi.fn();
  const limit = maxBacklogBytes === undefined ? {} : { maxBacklogBytes };
  const hub = await openLocalHub({ socketPath: path, log: silentLogger, ...limit }, { onUplink });
  cleanups.push(() => hub.close());
  return { hub, onUplink };
}

async function connect() {
  const socket = createConnection(socketPath);
  socket.on('error', () => {});
  cleanups.push(async () => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** A socket file whose process was killed. */
async function leaveDeadSocket(): Promise<void> {
  const child = spawn(process.execPath, ['-e', `require('net').createServer().listen(${JSON.stringify(socketPath)})`]);
  const exited = once(child, 'exit');
  await vi.waitFor(async () => (await connect()).destroy(), { timeout: 30_000 });
  child.kill('SIGKILL');
  await exited;
  await access(socketPath);
}

const zero = { epoch: 0, version: 0 };
const digest = '0'.repeat(32);
const heartbeat: Broadcast = {
  wire: 1,
  type: 'heartbeat',
  cluster: 'x'.repeat(1000),
  revision: zero,
  digest,
  settingsDigest: digest,
  release: { movableUpTo: zero, spreadMs: 0, maxPerSecond: 0 },
};

test('only its owner may use the socket, and close removes it', async () => {
  const { hub } = await open();
  expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
  await hub.close();
  await expect(access(socketPath)).rejects.toThrow();
});

test('missing folders are made, for the owner alone', async () => {
  const path = join(folder, 'a', 'b', 's');
  await open(path);
  expect((await stat(join(folder, 'a', 'b'))).mode & 0o777).toBe(0o700);
});

test('a socket that another hub serves is not taken from it', async () => {
  await open();
  await expect(open()).rejects.toMatchObject({ code: 'PORT_TAKEN', message: expect.stringContaining(socketPath) });
  await connect();
});

test('a socket that a killed process left behind is replaced', async () => {
  await leaveDeadSocket();
  await open();
  await connect();
});

test('of several hubs that start at once on a dead socket one serves and the others are refused', async () => {
  await leaveDeadSocket();
  const opened = await Promise.allSettled([open(), open(), open()]);
  const refusals = opened.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
  expect(refusals).toEqual(['PORT_TAKEN', 'PORT_TAKEN']);
  await connect();
});

test('a file that is no socket is left alone', async () => {
  await writeFile(socketPath, 'precious');
  await expect(open()).rejects.toMatchObject({ code: 'CONFIG_INVALID', field: 'socketPath' });
  await access(socketPath);
});

test('a path that the kernel cannot hold is refused with the limit', async () => {
  const limit = process.platform === 'linux' ? 107 : 103;
  await expect(open(`/${'x'.repeat(limit)}`)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(`1 to ${limit}`),
  });
  const { hub } = await open(join(folder, 'y'.repeat(limit - Buffer.byteLength(folder) - 1)));
  await hub.close();
});

test('a follower that does not read is cut, and does not hold up the others', async () => {
  const { hub } = await open(socketPath, 100_000);
  const [deaf, alert] = [await connect(), await connect()];
  deaf.pause();
  let lines = 0;
  alert.on('data', (chunk: Buffer) => {
    lines += String(chunk).split('\n').length - 1;
  });
  // In steps, so that the one that reads has its turns; the system's own buffer holds some hundred KiB.
  for (let step = 1; step <= 100; step++) {
    for (let i = 0; i < 10; i++) await hub.broadcast(heartbeat);
    await vi.waitFor(() => expect(lines).toBe(step * 10), { timeout: 30_000, interval: 1 });
  }
  deaf.resume();
  await once(deaf, 'close');
  expect(alert.destroyed).toBe(false);
});

test('a line without end cuts its sender and nobody else', async () => {
  const { onUplink } = await open();
  const [endless, other] = [await connect(), await connect()];
  const closed = new Promise((resolve) => endless.once('close', resolve));
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  for (let sent = 0; sent <= MAX_LINE_BYTES; sent += chunk.length) endless.write(chunk);
  await closed;
  other.write('{"wire":1,"type":"leave","cluster":"c","gateway":"g"}\n');
  await vi.waitFor(() => expect(onUplink).toHaveBeenCalledTimes(1), 30_000);
});
