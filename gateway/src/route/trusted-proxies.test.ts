import { expect, it } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import { accept, rawRequest, rawUpgrade, switching } from '../testing/raw-socket.ts';
import { SETTINGS } from '../testing/rings.ts';
import { useGateway } from '../testing/use-gateway.ts';

const { gatewayFor, rawNode } = useGateway({}, { ...SETTINGS, trustedProxies: ['127.0.0.0/8'] });

const FROM_NGINX = ['X-Forwarded-For: 198.51.100.9, 203.0.113.7', 'X-Forwarded-Proto: https'];
const BELIEVED = [
  'X-Forwarded-For: 203.0.113.7, 127.0.0.1',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: chat.example',
  'Forwarded: for=203.0.113.7;host="chat.example";proto=https, for=127.0.0.1;host="chat.example";proto=https',
];

it('a trusted proxy’s headers are continued in an upgrade, without what the client claims', async () => {
  const node = await rawNode('a', accept);
  const { gateway } = await gatewayFor(node);
  const client = rawUpgrade(gateway.port, '/connect/ada', FROM_NGINX);
  await eventually('the 101', () => client.text === switching());
  expect(node.sockets[0]?.text.split('\r\n')).toEqual(expect.arrayContaining(BELIEVED));
  client.socket.destroy();
});

it('and in a plain request; the gateway’s headers come before all of the client’s', async () => {
  const node = await rawNode('a', ({ socket }) => socket.end('HTTP/1.1 204 No Content\r\n\r\n'));
  const { gateway } = await gatewayFor(node);
  const client = rawRequest(gateway.port, ['GET /send?userId=ada HTTP/1.1', 'Host: chat.example', ...FROM_NGINX]);
  await eventually('the answer', () => client.text.startsWith('HTTP/1.1 204'));
  const lines = node.sockets[0]?.text.split('\r\n') ?? [];
  expect(lines).toEqual(expect.arrayContaining(BELIEVED));
  const names = lines.slice(1).map((line) => line.split(':')[0]?.toLowerCase());
  expect(names.indexOf('host')).toBeGreaterThan(names.indexOf('x-wscluster-key'));
  expect(names.indexOf('host')).toBeGreaterThan(names.indexOf('forwarded'));
  client.socket.destroy();
});
