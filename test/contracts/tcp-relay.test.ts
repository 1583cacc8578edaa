import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, test } from 'vitest';
import { until } from '../e2e/support/wait.ts';
import { openTcpRelay } from './support/tcp-relay.ts';

const CLOSE_1012 = Buffer.from([0x88, 0x02, 0x03, 0xf4]);

/** Answers everything as a server that accepts a WebSocket. */
let server: Server;
beforeEach(async () => {
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(() => once(server.close(), 'close'));

test('a relay that is closed right after it has ended its connections also closes those whose clients do not end', async () => {
  const relay = await openTcpRelay(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  const client: Socket = createConnection({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true });
  client.on('error', () => {});
  let received = Buffer.alloc(0);
  client.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
  });
  client.write('a request');
  await until('it is connected', () => received.length > 0);
  relay.end();
  await until('it is told', () => received.subarray(-CLOSE_1012.length).equals(CLOSE_1012));
  let isClosed = false;
  const closing = relay.close().then(() => {
    isClosed = true;
  });
  try {
    await until('the relay is closed', () => isClosed, 10_000);
  } finally {
    client.destroy();
    await closing;
  }
});
