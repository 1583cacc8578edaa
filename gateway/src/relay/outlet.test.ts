import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { Outlet } from './outlet.ts';

/** Only what an outlet uses of a socket. */
function fakeSocket(highWaterMark = 1 << 20) {
  const written: string[] = [];
  const stream = new PassThrough({ highWaterMark });
  stream.on('data', (chunk) => written.push(String(chunk)));
  return { written, stream, socket: stream as unknown as Socket };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Writes until outlets hold back, as they do in busy turns. */
async function makeBusy(outlet: Outlet, written: readonly string[]): Promise<void> {
  for (let i = 0; i < 200; i++) outlet.write(Buffer.from('.'));
  await turn();
  const before = written.length;
  outlet.write(Buffer.from('?'));
  expect(written.length).toBe(before);
}

it('writes at once in calm turns', () => {
  const { socket, written } = fakeSocket();
  new Outlet(socket, socket).write(Buffer.from('now'));
  expect(written).toEqual(['now']);
});

it('keeps the order of small and large chunks in busy turns, and forgets none', async () => {
  const { socket, written } = fakeSocket();
  const outlet = new Outlet(socket, socket);
  await makeBusy(outlet, written);
  written.length = 0;
  const large = 'x'.repeat(10_000);
  for (const text of ['a', 'b', large, 'c', large, 'd']) outlet.write(Buffer.from(text));
  await turn();
  await turn();
  expect(written.join('')).toBe(`?ab${large}c${large}d`);
});

it('writes what it holds when it is told to, once', async () => {
  const { socket, written } = fakeSocket();
  const outlet = new Outlet(socket, socket);
  await makeBusy(outlet, written);
  outlet.flush();
  expect(written.at(-1)).toBe('?');
  const count = written.length;
  await turn();
  await turn();
  expect(written.length).toBe(count);
});

it('pauses where the chunks come from when its socket has enough', () => {
  const { socket, stream } = fakeSocket(10);
  stream.pause();
  const source = fakeSocket().socket;
  const outlet = new Outlet(socket, source);
  outlet.write(Buffer.alloc(5));
  expect(source.isPaused()).toBe(false);
  outlet.write(Buffer.alloc(100));
  expect(source.isPaused()).toBe(true);
});
