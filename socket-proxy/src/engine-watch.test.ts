import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { createLogger } from '@wscluster/service';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Engine } from './engine.ts';
import { EngineWatch } from './engine-watch.ts';

let directory: string;
let socket: string;
let engine: Server;
let watch: EngineWatch;
let lines: Record<string, unknown>[];
let socketsGone: number;
/** Requests that the engine has not answered yet. */
let pending: ServerResponse[];

beforeEach(async () => {
  // The sockets are real.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  directory = mkdtempSync(join(tmpdir(), 'wsc-engine-'));
  socket = join(directory, 'docker.sock');
  pending = [];
  engine = createServer((_request, response) => void pending.push(response)).listen(socket);
  await once(engine, 'listening');
  lines = [];
  const log = createLogger('test', {}, { write: (line) => void lines.push(JSON.parse(line)) });
  socketsGone = 0;
  watch = new EngineWatch(new Engine(socket), log, () => {
    socketsGone += 1;
  });
});

afterEach(async () => {
  watch.close();
  vi.useRealTimers();
  const closed = once(engine, 'close');
  engine.close();
  engine.closeAllConnections();
  await closed;
  rmSync(directory, { recursive: true });
});

async function nextRequest(): Promise<ServerResponse> {
  for (;;) {
    const response = pending.shift();
    if (response !== undefined) return response;
    await setImmediate();
  }
}

async function untilWell(): Promise<void> {
  while (watch.problem !== undefined) await setImmediate();
}

test('an engine that does not answer within 5 s is said to be slow, once, and its socket is not given up', async () => {
  const first = await nextRequest();
  await vi.advanceTimersByTimeAsync(4999);
  expect(watch.problem).toBe('waiting for the first answer of the Docker engine');
  const closed = once(first, 'close');
  await vi.advanceTimersByTimeAsync(1);
  const slow = `the Docker engine at ${socket} does not answer within 5 s`;
  expect(watch.problem).toBe(slow);
  await closed;
  await vi.advanceTimersByTimeAsync(1000);
  await nextRequest();
  await vi.advanceTimersByTimeAsync(5000);
  expect(lines).toMatchObject([{ level: 'error', event: 'engine-unreachable', msg: slow }]);
  expect(socketsGone).toBe(0);
  await vi.advanceTimersByTimeAsync(1000);
  (await nextRequest()).end('OK');
  await untilWell();
  expect(lines.slice(1)).toMatchObject([{ event: 'engine-reachable' }]);
});

test('an answer after 4 s is in time', async () => {
  const response = await nextRequest();
  await vi.advanceTimersByTimeAsync(4000);
  response.end('OK');
  await untilWell();
  expect(lines).toEqual([]);
});
