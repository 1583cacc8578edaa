import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import { NOBODY, nobodyRefuses } from '../testing/nobody.ts';
import { noticed } from '../testing/noticed.ts';
import { rawRequest } from '../testing/raw-socket.ts';
import { releaseUpTo, revision, ringMessage, ringOf, type TestNode } from '../testing/rings.ts';
import { standStill } from '../testing/stand-still.ts';
import { useGateway } from '../testing/use-gateway.ts';

const { gatewayFor, echoNode, rawNode } = useGateway({});
/** For what ends by one of them. */
const hasty = useGateway({ ownerWaitMs: 300, httpAnswerMs: 400 });

function moved(nodes: readonly TestNode[]) {
  return ringMessage(ringOf(revision(2), nodes, () => 1));
}

/** What an echo node answers. */
interface Echo {
  readonly node: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

function send(port: number, init: RequestInit = {}, path = '/send?userId=ada'): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${path}`, init);
}

describe('a plain HTTP request', () => {
  it('goes to the owner of its key, with what the gateway knows added and nothing forged', async () => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const answer = await send(gateway.port, {
      method: 'POST',
      body: 'hello',
      headers: { 'X-WsCluster-Key': 'forged', 'X-WsCluster-Anything': '1', 'X-Forwarded-For': '203.0.113.7' },
    });
    const echo = (await answer.json()) as Echo;
    expect(echo).toMatchObject({ node: 'a', method: 'POST', url: '/send?userId=ada', body: 'hello' });
    expect(echo.headers).toMatchObject({
      'x-wscluster-key': 'ada',
      'x-wscluster-revision': '1.1',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': `127.0.0.1:${gateway.port}`,
      'content-length': '5',
    });
    expect(echo.headers['x-wscluster-anything']).toBeUndefined();
    expect(echo.headers['x-wscluster-settling']).toBeUndefined();
  });

  it.each(['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('may be a %s', async (method) => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const body = method === 'GET' ? {} : { body: 'x' };
    expect(await (await send(gateway.port, { method, ...body })).json()).toMatchObject({ method });
  });

  it('streams large bodies both ways, and of unknown length', async () => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const body = 'x'.repeat(3 << 20);
    const known = (await (await send(gateway.port, { method: 'POST', body })).json()) as Echo;
    expect(known.body).toBe(body);
    const chunked = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 100; i++) controller.enqueue(new TextEncoder().encode('chunk'));
        controller.close();
      },
    });
    const init = { method: 'POST', body: chunked, duplex: 'half' } as RequestInit;
    const unknown = (await (await send(gateway.port, init)).json()) as Echo;
    expect(unknown.body).toBe('chunk'.repeat(100));
  });

  it.each([
    ['/nowhere', 404, 'NO_ROUTE'],
    ['/send', 400, 'KEY_MISSING'],
    ['/send?userId=', 400, 'KEY_INVALID'],
    ['/send?userId=a&userId=b', 400, 'KEY_INVALID'],
  ])('%s is refused', async (path, status, code) => {
    const { gateway } = await gatewayFor(NOBODY);
    const answer = await send(gateway.port, {}, path);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ code });
  });

  it.each(['GET', 'POST'])('as a %s gets to the new owner when the old one refuses', async (method) => {
    const b = await echoNode('b');
    const test = await gatewayFor(NOBODY, b);
    const answer = send(test.gateway.port, { method, ...(method === 'POST' && { body: 'hello' }) });
    await eventually('the request', () => test.gateway.sockets === 1);
    await noticed();
    await nobodyRefuses();
    test.broadcast(moved([NOBODY, b]));
    const echo = (await (await answer).json()) as Echo;
    expect(echo).toMatchObject({ node: 'b', body: method === 'POST' ? 'hello' : '' });
    expect(echo.headers).toMatchObject({ 'x-wscluster-revision': '1.2', 'x-wscluster-settling': '1' });
  });

  it('is a 502 when no other owner comes up', async () => {
    const { gateway } = await hasty.gatewayFor(NOBODY);
    const answer = await send(gateway.port, { method: 'POST', body: 'hello' });
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({ code: 'OWNER_UNREACHABLE' });
  });

  it('is not sent twice when the owner broke off after it had it', async () => {
    const a = await rawNode('a', ({ socket }) => socket.resetAndDestroy());
    const b = await echoNode('b');
    const test = await gatewayFor(a, b);
    const answer = send(test.gateway.port, { method: 'POST', body: 'hello' });
    await eventually('the first attempt is over', () => a.sockets[0]?.closed === true);
    test.broadcast(moved([a, b]));
    expect((await answer).status).toBe(502);
    expect(a.sockets.length).toBe(1);
  });

  it('gets to the new owner when the old one says 421 before the ring is here', async () => {
    const a = await rawNode('a', ({ socket }) => socket.write('HTTP/1.1 421 Misdirected\r\nContent-Length: 0\r\n\r\n'));
    const b = await echoNode('b');
    const test = await gatewayFor(a, b);
    const { loads } = test.store;
    const answer = send(test.gateway.port);
    await eventually('the gateway looks for another owner', () => test.store.loads > loads);
    test.broadcast(moved([a, b]));
    expect(await (await answer).json()).toMatchObject({ node: 'b' });
  });

  it('is a 504 when the owner says nothing', async () => {
    const a = await hasty.rawNode('a');
    const { gateway } = await hasty.gatewayFor(a);
    const answer = await send(gateway.port);
    expect(answer.status).toBe(504);
    expect(await answer.json()).toMatchObject({ code: 'OWNER_TIMEOUT' });
  });

  it('is answered although the gateway stood still for longer than the owner may take', async () => {
    const node = await hasty.rawNode('a', ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody');
      standStill(800);
    });
    const { gateway } = await hasty.gatewayFor(node);
    const answer = await send(gateway.port);
    expect([answer.status, await answer.text()]).toEqual([200, 'body']);
  });

  it('has its head before a body that is late', async () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n';
    const node = await rawNode('a', ({ socket }) => socket.write(head));
    const { gateway } = await gatewayFor(node);
    const client = rawRequest(gateway.port, [
      'GET /send?userId=ada HTTP/1.1',
      'Host: chat.example',
      'Connection: close',
    ]);
    await eventually('the head', () => client.text.includes('\r\n\r\n'));
    expect(client.text).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    node.sockets[0]?.socket.write('late');
    await eventually('the body', () => client.text.endsWith('\r\n\r\nlate'));
  });

  it('ends at the client when the owner breaks off in its answer', async () => {
    const a = await rawNode('a', ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', () => socket.resetAndDestroy());
    });
    const { gateway } = await gatewayFor(a);
    const client = rawRequest(gateway.port, ['GET /send?userId=ada HTTP/1.1', 'Host: x']);
    await eventually('the connection ends', () => client.closed || client.ended);
    expect(client.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(client.text.endsWith('half')).toBe(true);
  });

  it('ends at the owner when the client goes away', async () => {
    const a = await rawNode('a');
    const { gateway } = await gatewayFor(a);
    const client = request({ port: gateway.port, host: '127.0.0.1', path: '/send?userId=ada' });
    client.on('error', () => {});
    client.end();
    await eventually('the attempt', () => a.sockets[0]?.text.endsWith('\r\n\r\n') === true);
    client.destroy();
    await eventually('the node knows', () => a.sockets[0]?.ended === true);
    await eventually('nothing is left', () => gateway.sockets === 0);
  });

  it('is marked as settling while the clients of its slot are still to move', async () => {
    const [a, b] = [await echoNode('a'), await echoNode('b')];
    const test = await gatewayFor(a, b);
    test.broadcast({ ...moved([a, b]), release: releaseUpTo(revision(1)) });
    const echo = (await (await send(test.gateway.port)).json()) as Echo;
    expect(echo).toMatchObject({ node: 'b', headers: { 'x-wscluster-settling': '1' } });
  });

  it('has the headers of the gateway first, for nodes that read only so many lines', async () => {
    const [a, b] = [await echoNode('a'), await rawNode('b')];
    const test = await gatewayFor(a, b);
    test.broadcast({ ...moved([a, b]), release: releaseUpTo(revision(1)) });
    const client = rawRequest(test.gateway.port, ['GET /send?userId=ada HTTP/1.1', 'Host: x', 'X-Own: y', 'Accept: z']);
    await eventually('the request', () => b.sockets[0]?.text.endsWith('\r\n\r\n') === true);
    const names = b.sockets[0]?.text.split('\r\n').map((line) => line.split(':')[0]);
    expect(names?.slice(1, 13)).toEqual([
      'X-WsCluster-Key',
      'X-WsCluster-Revision',
      'X-Request-Id',
      'X-Real-IP',
      'X-Forwarded-For',
      'X-Forwarded-Proto',
      'X-Forwarded-Host',
      'Forwarded',
      'X-WsCluster-Settling',
      'Host',
      'X-Own',
      'Accept',
    ]);
    client.socket.destroy();
  });

  it('keeps the end of an answer that has no body apart from the next one', async () => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const head = await send(gateway.port, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(await head.text()).toBe('');
    expect(await (await send(gateway.port)).json()).toMatchObject({ method: 'GET' });
  });
});
