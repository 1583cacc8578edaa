import { describe, expect, it } from 'vitest';
import { connectClient } from '../testing/client.ts';
import { eventually } from '../testing/eventually.ts';
import { NOBODY, nobodyRefuses } from '../testing/nobody.ts';
import { noticed } from '../testing/noticed.ts';
import { accept, frame, type RawSocket, rawRequest, rawUpgrade, switching } from '../testing/raw-socket.ts';
import { revision, ringMessage, ringOf, type TestNode } from '../testing/rings.ts';
import { standStill } from '../testing/stand-still.ts';
import { useGateway } from '../testing/use-gateway.ts';

const { gatewayFor, echoNode, rawNode } = useGateway({ closeMs: 1_000 });
/** For what ends by one of them. */
const hasty = useGateway({ ownerWaitMs: 300, answerMs: 300 });

function moved(nodes: readonly TestNode[]) {
  return ringMessage(ringOf(revision(2), nodes, () => 1));
}

/** Status and JSON body of an answer that a raw client got. */
async function answerTo(
  client: RawSocket,
): Promise<{ status: number; head: string; body: { code: string; field?: string } }> {
  await eventually('the whole answer', () => client.ended);
  const [head = '', body = ''] = client.text.split('\r\n\r\n');
  client.socket.destroy();
  return { status: Number(head.split(' ')[1]), head: head.toLowerCase(), body: JSON.parse(body) };
}

describe('the upgrade request that a node gets', () => {
  it('is the client’s own, with key, revision and the way it came added, and nothing forged', async () => {
    const node = await rawNode('a', accept);
    const { gateway } = await gatewayFor(node);
    const client = rawUpgrade(gateway.port, '/connect/gr%C3%BC%C3%9Fe?Token=x%20y', [
      'x-WSCLUSTER-Key: forged',
      'X-Forwarded-For: 203.0.113.7',
      'Forwarded: for=203.0.113.7',
      'Cookie: a=1',
      'Sec-WebSocket-Protocol: chat',
      'Keep-Alive: 5',
      'X-Custom: Kept As It Is',
    ]);
    await eventually('the 101', () => client.text === switching());
    const lines = node.sockets[0]?.text.split('\r\n') ?? [];
    expect(lines[0]).toBe('GET /connect/gr%C3%BC%C3%9Fe?Token=x%20y HTTP/1.1');
    expect(lines.slice(1, -2)).toEqual([
      'Connection: Upgrade',
      'Upgrade: websocket',
      'X-WsCluster-Key: gr%C3%BC%C3%9Fe',
      'X-WsCluster-Revision: 1.1',
      expect.stringMatching(/^X-Request-Id: [0-9a-f-]{36}$/),
      'X-Real-IP: 127.0.0.1',
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: chat.example',
      'Forwarded: for=127.0.0.1;host="chat.example";proto=http',
      'Host: chat.example',
      'Sec-WebSocket-Version: 13',
      expect.stringMatching(/^Sec-WebSocket-Key: /),
      'Cookie: a=1',
      'Sec-WebSocket-Protocol: chat',
      'X-Custom: Kept As It Is',
    ]);
    client.socket.destroy();
  });
});

describe('an upgrade that no node could accept', () => {
  it.each([
    [
      'of another version',
      ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 8'],
      426,
      'REQUEST_INVALID',
      'sec-websocket-version',
    ],
    [
      'without a key for the handshake',
      ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
      400,
      'REQUEST_INVALID',
      'sec-websocket-key',
    ],
  ])('%s is refused', async (_what, headers, status, code, field) => {
    const { gateway } = await gatewayFor(NOBODY);
    const answer = await answerTo(rawRequest(gateway.port, ['GET /connect/ada HTTP/1.1', 'Host: x', ...headers]));
    expect(answer).toMatchObject({ status, body: { code, field } });
    if (status === 426) expect(answer.head).toContain('sec-websocket-version: 13');
  });

  it.each([
    ['/nowhere', 404, 'NO_ROUTE'],
    ['/connect/..', 400, 'REQUEST_INVALID'],
    ['/connect/%ff', 400, 'KEY_INVALID'],
    ['/send', 400, 'KEY_MISSING'],
    ['/send?userId=a&user%49d=b', 400, 'KEY_INVALID'],
  ])('%s is refused', async (path, status, code) => {
    const { gateway } = await gatewayFor(NOBODY);
    expect(await answerTo(rawUpgrade(gateway.port, path))).toMatchObject({ status, body: { code } });
  });

  it('is told to try later while nobody owns the key', async () => {
    const { gateway } = await gatewayFor();
    const answer = await answerTo(rawUpgrade(gateway.port, '/connect/ada'));
    expect(answer).toMatchObject({ status: 503, body: { code: 'NO_MEMBERS' } });
    expect(answer.head).toContain('retry-after: 1');
  });
});

describe('an owner that does not upgrade', () => {
  it.each([
    ['counted', 'Content-Length: 5\r\n\r\nsorry', 'sorry'],
    [
      'chunked',
      'Transfer-Encoding: chunked\r\n\r\n3\r\nsor\r\n2;x=y\r\nry\r\n0\r\n\r\n',
      '3\r\nsor\r\n2;x=y\r\nry\r\n0\r\n\r\n',
    ],
    ['empty', 'Content-Length: 0\r\n\r\n', ''],
  ])('has its %s answer passed on as it is, and both connections closed', async (_kind, rest, body) => {
    const node = await rawNode('a', ({ socket }) => {
      socket.write(`HTTP/1.1 401 Who Are You\r\nWWW-Authenticate: Basic\r\nConnection: keep-alive\r\n${rest}`);
    });
    const { gateway } = await gatewayFor(node);
    const client = rawUpgrade(gateway.port, '/connect/ada');
    await eventually('the end of it', () => client.ended);
    const [head, ...rests] = client.text.split('\r\n\r\n');
    expect(head?.split('\r\n')[0]).toBe('HTTP/1.1 401 Who Are You');
    expect(head).toContain('WWW-Authenticate: Basic');
    expect(head).toContain('Connection: close');
    expect(head).not.toContain('keep-alive');
    expect(rests.join('\r\n\r\n')).toBe(body);
    client.socket.end();
    await eventually('nothing is left', () => gateway.connections === 0 && gateway.sockets === 0);
    await eventually('the node knows', () => node.sockets[0]?.ended === true);
  });

  it('is not believed when its 101 answers another handshake', async () => {
    const node = await rawNode('a', ({ socket }) => socket.write(switching('AAAAAAAAAAAAAAAAAAAAAA==')));
    const { gateway } = await gatewayFor(node);
    const answer = await answerTo(rawUpgrade(gateway.port, '/connect/ada'));
    expect(answer).toMatchObject({ status: 502, body: { code: 'OWNER_PROTOCOL' } });
  });

  it.each([
    ['speaks no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
    ['has no end of its head', `HTTP/1.1 101 Switching Protocols\r\nX: ${'x'.repeat(20_000)}`],
  ])('and %s is a 502', async (_what, text) => {
    const node = await rawNode('a', ({ socket }) => socket.write(text));
    const { gateway } = await gatewayFor(node);
    const answer = await answerTo(rawUpgrade(gateway.port, '/connect/ada'));
    expect(answer).toMatchObject({ status: 502, body: { code: 'OWNER_PROTOCOL' } });
  });

  it('is skipped over its informational answers', async () => {
    const node = await rawNode('a', (peer) => {
      peer.socket.write('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n');
      accept(peer, frame(1, 'hello'));
    });
    const { gateway } = await gatewayFor(node);
    const client = await connectClient(gateway.port);
    await eventually('the message', () => client.messages[0] === 'hello');
    client.socket.terminate();
  });

  it('and says nothing is a 504', async () => {
    const node = await hasty.rawNode('a');
    const { gateway } = await hasty.gatewayFor(node);
    const answer = await answerTo(rawUpgrade(gateway.port, '/connect/ada'));
    expect(answer).toMatchObject({ status: 504, body: { code: 'OWNER_TIMEOUT' } });
  });

  it('is not blamed for a time in which the gateway stood still', async () => {
    const node = await hasty.rawNode('a', (peer) => {
      accept(peer);
      standStill(600);
    });
    const { gateway } = await hasty.gatewayFor(node);
    const client = rawUpgrade(gateway.port, '/connect/ada');
    await eventually('the answer', () => client.text.includes('\r\n\r\n'));
    expect(client.text).toMatch(/^HTTP\/1.1 101 /);
    client.socket.destroy();
  });

  it('that resets the connection meanwhile is told as one that cannot be reached', async () => {
    const node = await hasty.rawNode('a', (peer) => {
      peer.socket.resetAndDestroy();
      standStill(600);
    });
    const { gateway } = await hasty.gatewayFor(node);
    const answer = await answerTo(rawUpgrade(gateway.port, '/connect/ada'));
    expect(answer).toMatchObject({ status: 502, body: { code: 'OWNER_UNREACHABLE' } });
  });

  it('is a 502 when it refuses and no other owner comes up', async () => {
    const { gateway } = await hasty.gatewayFor(NOBODY);
    const answer = await answerTo(rawUpgrade(gateway.port, '/connect/ada'));
    expect(answer).toMatchObject({ status: 502, body: { code: 'OWNER_UNREACHABLE' } });
  });
});

describe('a client that connects while the owner changes', () => {
  it('gets to the new owner when the old one refuses', async () => {
    const b = await echoNode('b');
    const test = await gatewayFor(NOBODY, b);
    const connecting = connectClient(test.gateway.port);
    await eventually('the attempt', () => test.gateway.connections === 1);
    await nobodyRefuses();
    await noticed();
    test.broadcast(moved([NOBODY, b]));
    const client = await connecting;
    client.socket.send('hello');
    await eventually('the echo', () => client.messages[0] === 'hello');
    expect(b.visits[0]?.request.headers['x-wscluster-revision']).toBe('1.2');
    client.socket.terminate();
  });

  it('gets to the new owner when the old one hangs up without an answer', async () => {
    const [a, b] = [await rawNode('a', ({ socket }) => socket.resetAndDestroy()), await echoNode('b')];
    const test = await gatewayFor(a, b);
    const connecting = connectClient(test.gateway.port);
    await eventually('the first attempt is over', () => a.sockets[0]?.closed === true);
    await noticed();
    test.broadcast(moved([a, b]));
    const client = await connecting;
    expect(b.visits.length).toBe(1);
    client.socket.terminate();
  });

  it('gets to the new owner at once, the old one still thinking', async () => {
    const [a, b] = [await rawNode('a'), await echoNode('b')];
    const test = await gatewayFor(a, b);
    const connecting = connectClient(test.gateway.port);
    await eventually('the first attempt', () => a.sockets[0]?.text.includes('\r\n\r\n') === true);
    // Not released: it has no connection yet that could be disturbed.
    test.broadcast({ ...moved([a, b]), release: { movableUpTo: revision(1), spreadMs: 0, maxPerSecond: 0 } });
    const client = await connecting;
    expect(b.visits.length).toBe(1);
    await eventually('the old one is let go', () => a.sockets[0]?.ended === true);
    client.socket.terminate();
  });

  it('gets to the new owner when the old one says 421 before the ring is here', async () => {
    const [a, b] = [
      await rawNode('a', ({ socket }) => socket.write('HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n')),
      await echoNode('b'),
    ];
    const test = await gatewayFor(a, b);
    const { loads } = test.store;
    const connecting = connectClient(test.gateway.port);
    await eventually('the gateway looks for another owner', () => test.store.loads > loads);
    test.broadcast(moved([a, b]));
    const client = await connecting;
    expect(b.visits.length).toBe(1);
    client.socket.terminate();
  });

  it('leaves nothing behind when it goes away before the answer', async () => {
    const a = await rawNode('a');
    const { gateway } = await gatewayFor(a);
    const clients = [rawUpgrade(gateway.port, '/connect/ada'), rawUpgrade(gateway.port, '/connect/grace')];
    const asked = () => a.sockets.filter(({ text }) => text.endsWith('\r\n\r\n')).length;
    await eventually('both attempts', () => asked() === 2);
    clients[0]?.socket.resetAndDestroy();
    clients[1]?.socket.end();
    await eventually('nothing is left', () => gateway.connections === 0 && gateway.sockets === 0);
    await eventually('the node knows', () => a.sockets.every(({ ended }) => ended));
  });
});
