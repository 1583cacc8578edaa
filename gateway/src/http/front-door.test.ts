import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import {
  accept,
  frame,
  type RawSocket,
  rawRequest,
  rawUpgrade,
  switching,
  watchSocket,
} from '../testing/raw-socket.ts';
import { useGateway } from '../testing/use-gateway.ts';

const { gatewayFor, rawNode } = useGateway({});
const hasty = useGateway({ requestHeadMs: 400 });
vi.setConfig({ testTimeout: 60_000 });
const WAIT_MS = 20_000;

const UPGRADE = [
  'GET /connect/ada HTTP/1.1',
  'Host: chat.example',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

function open(port: number): RawSocket {
  return watchSocket(connect({ port, host: '127.0.0.1', noDelay: true }));
}

describe('a node gets the same from a client that sends its upgrade', () => {
  it('in one piece, in two, with more than a parser needs to see, or with a name twice', async () => {
    const node = await rawNode('a', accept);
    const { gateway } = await gatewayFor(node);
    const text = `${UPGRADE.join('\r\n')}\r\n\r\n`;
    const clients: RawSocket[] = [];
    for (const pieces of [[text], [text.slice(0, 40), text.slice(40)], [text.slice(0, -1), '\n']]) {
      const client = open(gateway.port);
      clients.push(client);
      for (const piece of pieces) {
        const sent = client.socket.bytesWritten;
        client.socket.write(piece);
        await eventually('it is sent', () => client.socket.bytesWritten > sent, WAIT_MS);
      }
      await eventually('the 101', () => client.text === switching(), WAIT_MS);
    }
    clients.push(rawUpgrade(gateway.port, '/connect/ada', ['X-Custom: 1', 'X-Custom: 2']));
    await eventually('the last 101', () => clients.every((client) => client.text === switching()), WAIT_MS);
    const [first = '', ...others] = node.sockets.map(({ text: got }) => got.replace(/X-Request-Id: .*/, ''));
    expect(first).toContain('X-WsCluster-Key: ada\r\n');
    expect(others.slice(0, 2)).toEqual([first, first]);
    expect(others[2]?.replace('X-Custom: 1\r\nX-Custom: 2\r\n', '').split('\r\n').sort()).toEqual(
      first.split('\r\n').sort(),
    );
    for (const { socket } of clients) socket.destroy();
  });
});

it('a message right behind the head, in the same packet or the next, reaches the node behind it', async () => {
  const node = await rawNode('a', accept);
  const { gateway } = await gatewayFor(node);
  const hello = frame(1, 'hello', { masked: true });
  const together = rawUpgrade(gateway.port, '/connect/ada', [], hello);
  const next = rawUpgrade(gateway.port, '/connect/ada');
  next.socket.write(hello);
  await eventually(
    'both messages',
    () => node.sockets.filter(({ text }) => text.endsWith('hello')).length === 2,
    WAIT_MS,
  );
  for (const { socket } of [together, next]) socket.destroy();
});

it('a client that sends nothing is refused, and one that goes leaves nothing', async () => {
  const { gateway } = await hasty.gatewayFor();
  const silent = open(gateway.port);
  const [gone, ended] = [open(gateway.port), open(gateway.port)];
  await Promise.all([gone, ended].map(({ socket }) => once(socket, 'connect')));
  gone.socket.resetAndDestroy();
  ended.socket.end();
  await eventually('the 408', () => silent.text.startsWith('HTTP/1.1 408') && silent.ended, WAIT_MS);
  expect(silent.text).toContain('"field":"handshakeSeconds"');
  silent.socket.destroy();
  await eventually('no socket is left', () => gateway.sockets === 0, WAIT_MS);
});

it('an upgrade behind a plain request on the same connection is served too', async () => {
  const node = await rawNode('a', accept);
  const { gateway } = await gatewayFor(node);
  const client = rawRequest(gateway.port, ['GET /nowhere HTTP/1.1', 'Host: chat.example']);
  await eventually('the 404', () => client.text.startsWith('HTTP/1.1 404'), WAIT_MS);
  client.socket.write(`${UPGRADE.join('\r\n')}\r\n\r\n`);
  await eventually('the 101', () => client.text.endsWith(switching()), WAIT_MS);
  client.socket.destroy();
});
