import { afterEach, expect, test, vi } from 'vitest';
import type { LiveConnection } from '../move/live-connection.ts';
import { SurplusClients } from './surplus.ts';

const connection = (seconds: number, more: Partial<LiveConnection> = {}) =>
  ({ birth: { seconds, lot: 0 }, told: false, relaying: true, ...more }) as LiveConnection;
let clients: SurplusClients | undefined;
afterEach(() => {
  clients?.stop();
  vi.useRealTimers();
});

function start(all: readonly LiveConnection[]) {
  const sent: number[] = [];
  clients = new SurplusClients({
    gateway: 'a',
    all: () => all,
    sendBack(entry) {
      entry.told = true;
      sent.push(entry.birth.seconds);
    },
  });
  const hear = (...orders: { gateway?: string; order: string; connections: number; spreadMs?: number }[]) =>
    clients?.onHeartbeat({ surplus: orders.map((order) => ({ gateway: 'a', spreadMs: 0, ...order })) });
  return { sent, hear };
}

test('as many clients as asked for are sent back, the oldest first, and once for each order', async () => {
  const { sent, hear } = start([
    connection(9),
    connection(3),
    connection(1, { told: true }),
    connection(2, { relaying: false }),
    connection(5),
    connection(7),
  ]);
  // A turn of the event loop may be over after the first of them.
  const areSent = (count: number) => vi.waitUntil(() => sent.length >= count, 30_000);
  hear({ order: 'x', connections: 2 });
  hear({ order: 'x', connections: 2 });
  await areSent(2);
  hear({ order: 'y', connections: 1 });
  await areSent(3);
  expect(sent).toEqual([3, 5, 7]);
});

test('orders for other gateways, and none, change nothing', () => {
  const { sent, hear } = start([connection(1)]);
  hear({ gateway: 'b', order: 'x', connections: 1 });
  hear();
  clients?.onHeartbeat({});
  expect(sent).toEqual([]);
});

test('they are spread over the time that the order says, and what is left stays when the order is gone', () => {
  vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate'] });
  const { sent, hear } = start(Array.from({ length: 1000 }, (_, n) => connection(n)));
  hear({ order: 'x', connections: 1000, spreadMs: 60_000 });
  vi.advanceTimersByTime(30_000);
  expect(Math.abs(sent.length - 500)).toBeLessThanOrEqual(1);
  const { length } = sent;
  hear();
  vi.advanceTimersByTime(60_000);
  expect(sent).toHaveLength(length);
});
