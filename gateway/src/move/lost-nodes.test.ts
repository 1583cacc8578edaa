import { createServer } from 'node:net';
import { formatHostPort, listen, stopListening } from '@wscluster/service';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import { LostNodes } from './lost-nodes.ts';

const HOST = '127.0.0.1';
const listening: ReturnType<typeof createServer>[] = [];
let lost: LostNodes;
let verdicts: { gone: boolean; at: number }[];

afterEach(async () => {
  lost.stop();
  for (const server of listening.splice(0)) await stopListening(server);
});

function lostNodes(lostMs: number, maxPerSecond: number): void {
  verdicts = [];
  lost = new LostNodes({ lostMs: () => lostMs, maxPerSecond: () => maxPerSecond });
}

async function livingNode(): Promise<{ host: string; port: number }> {
  const server = createServer((socket) => socket.destroy());
  listening.push(server);
  return { host: HOST, port: await listen(server, { host: HOST, port: 0 }, 'node') };
}

/** An address that refuses connections. */
async function goneNode(): Promise<{ host: string; port: number }> {
  const address = await livingNode();
  const server = listening.pop();
  if (server !== undefined) await stopListening(server);
  return address;
}

function lose(address: { host: string; port: number }): () => void {
  const judge = (gone: boolean) => verdicts.push({ gone, at: performance.now() });
  return lost.add(formatHostPort(address), address, { judge });
}

describe('a node that lives', () => {
  it('is known at once, whatever the pace, and is asked for all together', async () => {
    lostNodes(10_000, 1);
    const node = await livingNode();
    let asked = 0;
    listening[0]?.on('connection', () => asked++);
    for (let n = 0; n < 50; n++) lose(node);
    await eventually('all are told', () => verdicts.length === 50);
    expect(verdicts.some(({ gone }) => gone)).toBe(false);
    expect(asked).toBe(2);
  });
});

it('a node that stops listening a moment after it ended connections is gone', async () => {
  lostNodes(60_000, 0);
  const node = await livingNode();
  const [server] = listening.splice(0);
  server?.once('connection', () => server.close());
  lose(node);
  await eventually('it is told', () => verdicts.length === 1);
  expect(verdicts[0]?.gone).toBe(true);
});

describe('a node that is gone', () => {
  it('has its clients told evenly over the time, when the pace would take longer', async () => {
    lostNodes(1_000, 10);
    const node = await goneNode();
    const from = performance.now();
    for (let n = 0; n < 50; n++) lose(node);
    await eventually('all are told', () => verdicts.length === 50);
    const after = verdicts.map(({ at }) => at - from);
    expect(verdicts.every(({ gone }) => gone)).toBe(true);
    // A tick of 20 ms tells one; a busy machine begins late, and makes up for 100 ms at once.
    expect(Math.max(...after) - Math.min(...after)).toBeGreaterThan(600);
    expect(Math.max(...after)).toBeGreaterThan(900);
    for (let ms = 0; ms < 900; ms += 100)
      expect(after.filter((at) => at >= ms && at < ms + 100).length).toBeLessThanOrEqual(15);
  });

  it('has the last of them told within lostSeconds, however long the pace would take', async () => {
    // At this pace it would take ten minutes.
    lostNodes(2_000, 1);
    const node = await goneNode();
    const from = performance.now();
    for (let n = 0; n < 600; n++) lose(node);
    await eventually('all are told', () => verdicts.length === 600);
    expect(verdicts.every(({ gone }) => gone)).toBe(true);
    // It makes up for 100 ms at a time, so a busy machine ends later, and not by much.
    expect(performance.now() - from).toBeLessThan(20_000);
    // Evenly over the two seconds: a busy machine is late, and never early.
    const early = verdicts.filter(({ at }, index) => index > 1 + ((at - from) / 2_000) * 600);
    expect(early).toEqual([]);
  });

  it('has its clients told at the pace, when that is faster', async () => {
    lostNodes(60_000, 500);
    const node = await goneNode();
    for (let n = 0; n < 50; n++) lose(node);
    await eventually('all are told', () => verdicts.length === 50);
  });

  it('has them told at once without a pace', async () => {
    lostNodes(60_000, 0);
    const node = await goneNode();
    for (let n = 0; n < 50; n++) lose(node);
    await eventually('all are told', () => verdicts.length === 50);
  });

  it('does not tell who was taken back, and forgets the node with its last client', async () => {
    lostNodes(60_000, 0);
    const node = await goneNode();
    const takeBack = lose(node);
    lose(node);
    takeBack();
    await eventually('the other one is told', () => verdicts.length === 1);
    lose(node);
    await eventually('it is told too', () => verdicts.length === 2);
    expect(verdicts.every(({ gone }) => gone)).toBe(true);
  });
});
