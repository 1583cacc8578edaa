import { createServer, type IncomingMessage } from 'node:http';
import { createConnection } from 'node:net';
import { expect, test } from 'vitest';
import { readRouted } from './gateway-headers.ts';

/** A request as Node parses it from these header lines. */
async function request(...lines: string[]): Promise<IncomingMessage> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const arrived = new Promise<IncomingMessage>((resolve) => server.once('request', (req) => resolve(req)));
  const socket = createConnection(port, '127.0.0.1');
  socket.write(`${['GET / HTTP/1.1', 'Host: x', ...lines].join('\r\n')}\r\n\r\n`);
  const req = await arrived;
  socket.destroy();
  server.close();
  return req;
}

test('a request that did not come through a gateway has no routing', async () => {
  const routed = { key: undefined, revision: undefined, settling: false, forwarded: false };
  expect(readRouted(await request())).toEqual({ ...routed, movedFrom: undefined, stateLost: false });
});

test('key and revision are read as the gateway sends them', async () => {
  const req = await request(
    'Forwarded: for=10.0.0.1',
    'X-WsCluster-Key: a%20b%2Bc%C3%BC',
    'X-WsCluster-Revision: 3.17',
  );
  const revision = { epoch: 3, version: 17 };
  expect(readRouted(req)).toMatchObject({ key: 'a b+cü', revision, settling: false, forwarded: true });
});

test('a gateway may leave the revision out, and says when an owner change has not settled', async () => {
  const req = await request('X-WsCluster-Key: k', 'X-WsCluster-Settling: 1');
  expect(readRouted(req)).toMatchObject({ key: 'k', revision: undefined, settling: true, forwarded: false });
});

test.each([
  ['a damaged key', ['X-WsCluster-Key: %zz']],
  ['an empty key', ['X-WsCluster-Key:']],
  ['two keys', ['X-WsCluster-Key: a', 'X-WsCluster-Key: b']],
])('%s counts as none', async (_what, lines) => {
  expect(readRouted(await request(...lines)).key).toBeUndefined();
});

test.each(['1', '1.-2', '1.2.3', '1.99999999999999999999', 'x.y'])('the revision %s counts as none', async (text) => {
  const routed = readRouted(await request('X-WsCluster-Key: a', `X-WsCluster-Revision: ${text}`));
  expect([routed.key, routed.revision]).toEqual(['a', undefined]);
});

test('where a connection was before is read, unless it is damaged', async () => {
  const moved = await request('X-WsCluster-Migrated-From: n%2F1', 'X-WsCluster-State: lost');
  expect(readRouted(moved)).toMatchObject({ movedFrom: 'n/1', stateLost: true });
  expect(readRouted(await request('X-WsCluster-Migrated-From: %zz')).movedFrom).toBeUndefined();
});
