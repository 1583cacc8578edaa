import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { connectClient } from '../testing/client.ts';
import { eventually } from '../testing/eventually.ts';
import { accept, frame, type RawSocket, switching, WEBSOCKET_KEY, watchSocket } from '../testing/raw-socket.ts';
import { useGateway } from '../testing/use-gateway.ts';

const { gatewayFor, echoNode, rawNode } = useGateway({
  httpAnswerMs: 1_500,
  bodySilenceMs: 1_000,
  requestMs: 5_000,
  requestHeadMs: 2_000,
  stallMs: 1_000,
  ownerWaitMs: 100,
});

const GET = 'GET /send?userId=ada HTTP/1.1\r\nHost: x\r\n\r\n';

/** Sends bytes as they are written here. */
function rawBytes(port: number, text: string): RawSocket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.write(text, 'latin1');
  return watchSocket(socket);
}

async function refusal(client: RawSocket): Promise<{ status: number; code: string; field?: string }> {
  await eventually('the whole answer', () => client.ended || client.closed || client.text.endsWith('}\n'), 10_000);
  client.socket.destroy();
  const [head = '', body = ''] = client.text.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), ...JSON.parse(body || '{}') };
}

describe('an answer of a node that no client can read', () => {
  it.each([
    ['a control character in its reason', 'HTTP/1.1 200 a\x01b\r\nContent-Length: 0\r\n\r\n'],
    ['a control character in a header', 'HTTP/1.1 200 OK\r\nX: a\x01b\r\nContent-Length: 0\r\n\r\n'],
    ['a status that is none', 'HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a length beside chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['another transfer coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nxx'],
    ['another transfer coding before chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    [
      'a protocol that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
    ],
    ['a head without an end', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(20_000)}`],
  ])('with %s is a 502 for its client, and nothing for the others', async (_what, text) => {
    const node = await rawNode('a', (peer) => {
      if (peer.text.startsWith('GET /connect')) accept(peer);
      else peer.socket.write(text, 'latin1');
    });
    const { gateway } = await gatewayFor(node);
    const other = await connectClient(gateway.port);
    expect(await refusal(rawBytes(gateway.port, GET))).toMatchObject({ status: 502, code: 'OWNER_PROTOCOL' });
    node.sockets[0]?.socket.write(frame(1, 'still here'));
    await eventually('a message to the other', () => other.messages[0] === 'still here');
    other.socket.terminate();
  });

  it('which breaks off at once is a 502 too', async () => {
    const node = await rawNode('a', ({ socket }) => socket.end());
    const { gateway } = await gatewayFor(node);
    expect(await refusal(rawBytes(gateway.port, GET))).toMatchObject({ status: 502, code: 'OWNER_UNREACHABLE' });
  });

  it('with a 204 that has a length has it taken away, so that the next answer is not taken for a body', async () => {
    const node = await rawNode('a', ({ socket }) =>
      socket.write('HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n'),
    );
    const { gateway } = await gatewayFor(node);
    const client = rawBytes(gateway.port, GET);
    await eventually('the answer', () => client.text.includes('\r\n\r\n'));
    expect(client.text).toMatch(/^HTTP\/1\.1 204 /);
    expect(client.text.toLowerCase()).not.toContain('content-length');
    client.socket.destroy();
  });

  it('with 1,500 header lines has all of them', async () => {
    const lines = Array.from({ length: 1_500 }, (_, i) => `X: ${i}\r\n`).join('');
    const node = await rawNode('a', ({ socket }) =>
      socket.write(`HTTP/1.1 200 OK\r\n${lines}Content-Length: 0\r\n\r\n`),
    );
    const { gateway } = await gatewayFor(node);
    const client = rawBytes(gateway.port, GET);
    await eventually('the answer', () => client.text.includes('\r\n\r\n'));
    expect(client.text).toContain('\r\nX: 1499\r\n');
    client.socket.destroy();
  });
});

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
    await eventually('all answers', () => client.text.includes(`n=${count - 1}"`), 20_000);
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
    await eventually('the end', () => client.ended, 10_000);
    const bodies = client.text
      .split('"body":')
      .slice(1)
      .map((rest) => JSON.parse(rest.slice(0, rest.indexOf('}'))));
    expect(bodies).toEqual([body, body, body, '']);
    client.socket.destroy();
  });

  it('are not read while the client does not read their answers', async () => {
    const node = await rawNode('a', ({ socket }) => {
      socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n${'x'.repeat(50_000)}`));
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n${'x'.repeat(50_000)}`);
    });
    const { gateway } = await gatewayFor(node);
    const socket = connect({ port: gateway.port, host: '127.0.0.1' }).on('error', () => {});
    socket.pause();
    const wall = GET.repeat(200_000);
    socket.write(wall);
    await eventually('it is cut for reading nothing', () => gateway.sockets === 0, 10_000);
    expect(socket.bytesWritten - socket.writableLength).toBeLessThan(wall.length);
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

  it('may end with garbage, which is refused behind their answers', async () => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const client = rawBytes(gateway.port, `${GET}${GET}\x16\x03\x01 garbage\r\n\r\n`);
    await eventually('the end', () => client.ended);
    expect(client.text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 400']);
    client.socket.destroy();
  });
});

describe('a body that stops arriving', () => {
  const head = (length: string) => `POST /send?userId=ada HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n`;

  it.each([
    ['a short one', head('Content-Length: 10'), 'half'],
    ['a long one', head('Content-Length: 1000000'), 'half'],
    ['one in chunks', head('Transfer-Encoding: chunked'), '4\r\nhalf\r\n'],
    ['one that never begins', head('Content-Length: 10'), ''],
  ])('%s is a 408, and the connection is closed', async (_what, start, part) => {
    const node = await rawNode('a');
    const { gateway } = await gatewayFor(node);
    const client = rawBytes(gateway.port, start + part);
    expect(await refusal(client)).toMatchObject({ status: 408, code: 'LIMIT_REACHED', field: 'bodySilenceSeconds' });
    await eventually('nothing is left', () => gateway.sockets === 0);
    await eventually('the node is let go', () => node.sockets.every(({ ended, closed }) => ended || closed));
  });

  it.each([
    ['a short one', head('Content-Length: 1000'), 'x'],
    ['one in chunks', head('Transfer-Encoding: chunked'), '1\r\nx\r\n'],
  ])('%s that trickles is a 408 once the whole request is late', async (_what, start, part) => {
    const node = await rawNode('a');
    const { gateway } = await gatewayFor(node);
    const client = rawBytes(gateway.port, start);
    const trickle = setInterval(() => client.socket.writable && client.socket.write(part), 50);
    const answer = await refusal(client).finally(() => clearInterval(trickle));
    expect(answer).toMatchObject({ status: 408, code: 'LIMIT_REACHED', field: 'requestSeconds' });
    await eventually('nothing is left', () => gateway.sockets === 0);
  });

  it('is a 504 when it is the node that does not take it', async () => {
    const node = await rawNode('a', ({ socket }) => socket.pause());
    const { gateway } = await gatewayFor(node);
    const client = rawBytes(gateway.port, head('Content-Length: 100000000'));
    const send = () => {
      if (client.socket.writable && !client.socket.writableNeedDrain) client.socket.write('x'.repeat(1 << 16));
    };
    const sending = setInterval(send, 2);
    const answer = await refusal(client).finally(() => clearInterval(sending));
    expect(answer).toMatchObject({ status: 504, code: 'OWNER_TIMEOUT' });
  });

  it('whose rest is broken is a 400', async () => {
    const node = await rawNode('a');
    const { gateway } = await gatewayFor(node);
    const client = rawBytes(gateway.port, `${head('Transfer-Encoding: chunked')}zz\r\n`);
    expect(await refusal(client)).toMatchObject({ status: 400, code: 'REQUEST_INVALID' });
  });
});

describe('a request that is none of a node’s', () => {
  it('for a tunnel is refused', async () => {
    const { gateway } = await gatewayFor(await echoNode('a'));
    const client = rawBytes(gateway.port, 'CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await refusal(client)).toMatchObject({ status: 400, code: 'REQUEST_INVALID', field: 'method' });
  });

  it('for the options of the server itself is answered by the gateway', async () => {
    const { gateway } = await gatewayFor(await echoNode('a'));
    const client = rawBytes(gateway.port, 'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await eventually('the answer', () => client.ended);
    expect(client.text).toMatch(/^HTTP\/1\.1 204 [\s\S]*allow: GET, /i);
    client.socket.destroy();
  });

  it('in a transfer coding other than chunked is refused', async () => {
    const { gateway } = await gatewayFor(await echoNode('a'));
    const client = rawBytes(gateway.port, `${GET.slice(0, -2)}Transfer-Encoding: gzip\r\n\r\n`);
    expect(await refusal(client)).toMatchObject({ status: 501, code: 'REQUEST_INVALID', field: 'transfer-encoding' });
  });
});

it('a client that resets right after its request does not hide its address', async () => {
  const node = await rawNode('a');
  const { gateway } = await gatewayFor(node);
  for (let i = 0; i < 50; i++) {
    const socket = connect({ port: gateway.port, host: '127.0.0.1' }).on('error', () => {});
    socket.write(GET, () => socket.resetAndDestroy());
  }
  await eventually('some reach the node', () => node.sockets.length > 0);
  await eventually('all are gone', () => gateway.sockets === 0);
  for (const { text } of node.sockets) if (text !== '') expect(text).toContain('X-Forwarded-For: 127.0.0.1\r\n');
});
