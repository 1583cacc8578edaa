import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { isFreePort } from './free-port.ts';
import { listen, stopListening } from './listen.ts';

test('a port is free while nobody listens on it, at the addresses that are asked for', async () => {
  const server = createServer();
  const port = await listen(server, { host: '127.0.0.1', port: 0 }, 'a test');
  expect(await isFreePort(port, ['127.0.0.1'])).toBe(false);
  expect(await isFreePort(port, ['127.0.0.2'])).toBe(true);
  expect(await isFreePort(port, ['127.0.0.2', '127.0.0.1'])).toBe(false);
  await stopListening(server);
  expect(await isFreePort(port, ['127.0.0.1'])).toBe(true);
});

test('an address that the machine does not have takes no port', async () => {
  expect(await isFreePort(9, ['192.0.2.1'])).toBe(true);
});
