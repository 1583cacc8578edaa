import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import { GET, rawBytes } from '../testing/raw-request.ts';
import { accept, frame, switching, WEBSOCKET_KEY } from '../testing/raw-socket.ts';
import { useGateway } from '../testing/use-gateway.ts';

const { gatewayFor, echoNode, rawNode } = useGateway({});
/** For what ends by it. */
const hasty = useGateway({ stallMs: 1_000 });

describe('pipelined requests', () => {
  it('reach the node one at a time, and are answered in order', async () => {
    let most = 0;
    let open = 0;
    const node = await echoNode('a');
    node.server.on('request', (_req, res) => {
      most = Math.max(most, ++open);
      res.on('close', () => open--);
    });
    const { gateway } = await gatewayFor(node);
    const count = 300;
    const numbers = Array.from({ length: count }, (_, i) => i);
    const all = numbers.map((n) => `GET /send?userId=ada&n=${n} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const client = rawBytes(gateway.port, all.join(''));
    const answered = () => [...client.text.matchAll(/"url":"\/send\?userId=ada&n=(\d+)"/g)].map(([, n]) => Number(n));
    await eventually('all answers', () => client.text.includes(`n=${count - 1}"`));
    expect(answered()).toEqual(numbers);
    expect(most).toBe(1);
    expect(node.openSockets.size).toBe(1);
    client.socket.destroy();
  });

  it('may have bodies that look like requests', async () => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const body = 'GET /send?userId=eve HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50);
    const post = `POST /send?userId=ada HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const chunked =
      'POST /send?userId=ada HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n' +
      `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const client = rawBytes(
      gateway.port,
      post + chunked + post + GET.replace('Host: x', 'Host: x\r\nConnection: close'),
    );
    await eventually('the end', () => client.ended);
    const bodies = client.text
      .split('"body":')
      .slice(1)
      .map((rest) => JSON.parse(rest.slice(0, rest.indexOf('}'))));
    expect(bodies).toEqual([body, body, body, '']);
    client.socket.destroy();
  });

  it('are not read while the client does not read their answers', async () => {
    const node = await hasty.rawNode('a', ({ socket }) => {
      socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n${'x'.repeat(50_000)}`));
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n${'x'.repeat(50_000)}`);
    });
    const { gateway } = await hasty.gatewayFor(node);
    const socket = connect({ port: gateway.port, host: '127.0.0.1' }).on('error', () => {});
    socket.pause();
    const wall = GET.repeat(200_000);
    let taken = false;
    socket.write(wall, (error) => {
      taken = !error;
    });
    await eventually('the node has a request', () => node.sockets.length > 0);
    await eventually('it is cut for reading nothing', () => gateway.sockets === 0);
    await eventually('the client notices', () => socket.destroyed);
    expect(taken).toBe(false);
    socket.destroy();
  });

  it.each<[what: string, before: string, early?: string]>([
    ['a GET', GET],
    ['a GET that comes in two pieces', 'x\r\n\r\n', 'GET /send?userId=ada HTTP/1.1\r\nHost: '],
    ['a body', 'POST /send?userId=ada HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nab\r\n\r\ncd'],
    [
      'chunks',
      'POST /send?userId=ada HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n0\r\nX: y\r\n\r\n',
    ],
  ])('may end with an upgrade behind %s, which is served once that is answered', async (_what, before, early = '') => {
    const node = await rawNode('a', (peer) => {
      if (peer.text.startsWith('GET /connect')) accept(peer);
      else setTimeout(() => peer.socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'), 50);
    });
    const { gateway } = await gatewayFor(node);
    const upgrade = [
      'GET /connect/ada HTTP/1.1',
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${WEBSOCKET_KEY}`,
    ];
    const first = frame(1, 'hello', { masked: true }).toString('latin1');
    const client = rawBytes(gateway.port, early);
    // Once another client is answered, the gateway has read what was sent before.
    const other = rawBytes(gateway.port, GET);
    await eventually('an answer to another client', () => other.text.endsWith('ok'));
    other.socket.destroy();
    client.socket.write(`${before}${upgrade.join('\r\n')}\r\n\r\n${first}`, 'latin1');
    await eventually('the 101', () => client.text.endsWith(switching()));
    expect(client.text).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*\r\n\r\nokHTTP\/1\.1 101 /);
    await eventually('the frame', () => node.sockets.some(({ text }) => text.endsWith(first)));
    client.socket.destroy();
  });

  it('may end with an upgrade and the end of the client, which is noticed', async () => {
    const node = await rawNode('a', (peer) => {
      if (peer.text.startsWith('GET /connect')) accept(peer);
      else setTimeout(() => peer.socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'), 50);
    });
    const { gateway } = await gatewayFor(node);
    const client = rawBytes(
      gateway.port,
      `${GET}GET /connect/ada HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${WEBSOCKET_KEY}\r\n\r\n`,
    );
    client.socket.end();
    await eventually('the answer', () => client.text.includes('\r\n\r\nok'));
    await eventually('nothing is left', () => gateway.sockets === 0 && gateway.connections === 0);
    client.socket.destroy();
  });

  it('may end with garbage, which is refused behind their answers', async () => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const client = rawBytes(gateway.port, `${GET}${GET}\x16\x03\x01 garbage\r\n\r\n`);
    await eventually('the end', () => client.ended);
    expect(client.text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 400']);
    client.socket.destroy();
  });
});
