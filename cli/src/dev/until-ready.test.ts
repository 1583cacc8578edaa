import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { untilReady } from './until-ready.ts';

const never = new AbortController().signal;
let server: Server;
let url: string;
let answer: { status: number; body: string };

beforeEach(async () => {
  answer = { status: 200, body: 'ready' };
  server = createServer((_req, res) => res.writeHead(answer.status).end(answer.body)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => once(server.close(), 'close'));

const one = { what: 'the one', started: () => true, isReady: (body: string) => body === 'ready' };

test('resolves with what each said once it was ready', async () => {
  answer.status = 503;
  const ready = untilReady(
    [
      { ...one, url },
      { ...one, url },
    ],
    30_000,
    never,
  );
  answer.status = 200;
  expect(await ready).toEqual(['ready', 'ready']);
});

test.each([
  ['is refused', () => ({ ...one, url: 'http://127.0.0.1:1' })],
  ['is not as it should be', () => ({ ...one, url, isReady: () => false })],
  ['comes before the process itself listens, so from another one', () => ({ ...one, url, started: () => false })],
])('an answer that %s does not count; at the end it says who is not ready', async (_what, awaited) => {
  await expect(untilReady([{ ...one, what: 'another', url }, awaited()], 1_500, never)).rejects.toThrow(
    'not ready after 1.5 s: the one; see the log above',
  );
});

test('ends when it is told to', async () => {
  await expect(untilReady([{ ...one, url, isReady: () => false }], 60_000, AbortSignal.timeout(50))).rejects.toThrow();
});
