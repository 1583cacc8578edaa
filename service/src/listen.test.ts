import { createConnection, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { formatHostPort, listen, parseHostPort, stopListening } from './listen.ts';

const servers: ReturnType<typeof createServer>[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) if (server.listening) await stopListening(server);
});

function server() {
  const made = createServer((socket) => socket.on('error', () => {}).resume());
  servers.push(made);
  return made;
}

test.each([
  ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
  ['some.host:0', { host: 'some.host', port: 0 }],
  [':80', { host: '::', port: 80 }],
  ['[::1]:65535', { host: '::1', port: 65_535 }],
])('%s is an address', (text, address) => {
  expect(parseHostPort(text)).toEqual(address);
});

test.each(['', '80', 'host', 'host:', 'host:65536', 'host:-1', '::1:80', '[::1]', 'a b:80', 'http://host:80'])(
  '"%s" is none',
  (text) => {
    expect(parseHostPort(text)).toBeUndefined();
  },
);

test('an address is written as it is read', () => {
  for (const text of ['127.0.0.1:8080', '[::1]:80'])
    expect(formatHostPort(parseHostPort(text) ?? { host: '', port: 0 })).toBe(text);
});

test('port 0 takes a free one and says which', async () => {
  const port = await listen(server(), { host: '127.0.0.1', port: 0 }, 'test');
  expect(port).toBeGreaterThan(0);
});

test('a taken port is PORT_TAKEN, naming what wanted it and where', async () => {
  const port = await listen(server(), { host: '127.0.0.1', port: 0 }, 'first');
  await expect(listen(server(), { host: '127.0.0.1', port }, 'second')).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    message: expect.stringMatching(new RegExp(`^second: .*127\\.0\\.0\\.1:${port}`)),
  });
});

test('an address that is not of this machine is CONFIG_INVALID', async () => {
  const refusal = expect.objectContaining({ code: 'CONFIG_INVALID' });
  await expect(listen(server(), { host: '192.0.2.1', port: 1 }, 'test')).rejects.toEqual(refusal);
});

test('stopping waits for the last connection, which is closed only after listening has ended', async () => {
  const listening = server();
  const port = await listen(listening, { host: '127.0.0.1', port: 0 }, 'test');
  const client = createConnection(port, '127.0.0.1');
  await new Promise((resolve) => listening.once('connection', resolve));
  let wasListening: boolean | undefined;
  await stopListening(listening, () => {
    wasListening = listening.listening;
    client.destroy();
  });
  expect(wasListening).toBe(false);
});
