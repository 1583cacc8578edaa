import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { cacheFolder } from './cache.ts';
import { progress } from './progress.ts';

/** Held by this process. The kernel frees it when the process ends, however that happens. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the lock of this name: one per cache folder, or per another scope. If another process holds it, this says so
 * once on stderr, and waits; rejects after `waitMs`, naming the holder. It is an abstract Unix socket that listens.
 * Only Linux has these: elsewhere, two builds at once are not kept apart.
 */
export async function takeLock(name: string, scope = cacheFolder(), waitMs = 600_000): Promise<Lock> {
  const path = pathOf(name, scope);
  const deadline = performance.now() + waitMs;
  let told = false;
  while (true) {
    const lock = await tryLock(name, scope);
    if (lock !== undefined) return lock;
    const holder = await endOfHolder(path, Math.max(1, deadline - performance.now()), (who) => {
      if (!told) progress(`waiting for ${who}, which holds "${name}" of ${scope}`);
      told = true;
    });
    if (performance.now() > deadline)
      throw new Error(`"${name}" of ${scope} was held by ${holder} for ${waitMs} ms: end it, or wait for it`);
  }
}

/** The same without waiting: undefined if another process, or this one, holds it. */
export async function tryLock(name: string, scope: string): Promise<Lock | undefined> {
  if (process.platform !== 'linux') return { release: () => Promise.resolve() };
  const server = await listen(pathOf(name, scope));
  return server && { release: () => close(server) };
}

/** The longest build, on a machine that is busy with other things, ms. */
export const LONGEST_BUILD_MS = 3_600_000;

/** Runs `work` alone among all processes that use this name and cache folder. */
export async function alone<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  const lock = await takeLock(name, cacheFolder(), LONGEST_BUILD_MS);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

function pathOf(name: string, scope: string): string {
  return `\0wscluster-${createHash('sha256').update(`${scope} ${name}`).digest('hex').slice(0, 32)}`;
}

const waiting = new WeakMap<Server, Set<{ destroy(): void }>>();

/** Undefined if another process listens. */
async function listen(path: string): Promise<Server | undefined> {
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}); // who waits may leave
    socket.once('close', () => sockets.delete(socket));
    socket.unref().write(`process ${process.pid} (${process.argv.slice(1).join(' ')})`);
  });
  server.unref().listen(path);
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
  waiting.set(server, sockets);
  return server;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of waiting.get(server) ?? []) socket.destroy();
  await closed;
}

/** Resolves when the holder releases the lock or ends, or after `waitMs`; returns who it was. */
async function endOfHolder(path: string, waitMs: number, onHolder: (who: string) => void): Promise<string> {
  const socket = connect(path);
  let holder = 'another process';
  socket.setEncoding('utf8').on('data', (who: string) => {
    holder = who;
    onHolder(who);
  });
  socket.on('error', () => {}); // gone already
  const patience = setTimeout(() => socket.destroy(), waitMs);
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  clearTimeout(patience);
  return holder;
}
