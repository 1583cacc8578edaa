import { request } from 'node:http';
import { eventually } from '@wscluster/gateway/testing/eventually';
import { accept, rawRequest, rawUpgrade } from '@wscluster/gateway/testing/raw-socket';
import { revision, ringMessage, ringOf } from '@wscluster/gateway/testing/rings';
import { useGateway } from '@wscluster/gateway/testing/use-gateway';
import { createRing, type Report, type Ring, slotOf } from '@wscluster/ring';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { NOBODY, SHORT } from './support/scene.ts';

const SETTINGS = {
  routes: [
    { path: '/socket', key: { cookie: 'wsc', generate: { maxAge: 60 } }, protocol: 'websocket' as const },
    { path: '/socket', methods: ['POST'], key: { query: 'userId' } },
    { path: '/sticky/{rest...}', key: { cookie: 'wsc', generate: {} } },
    { path: '/token', key: { subprotocol: { prefix: 'user.', remove: true } } },
    { path: '/kept', key: { subprotocol: { prefix: 'user.' } } },
    { path: '/{process}/{room}', key: { node: { param: 'process' } } },
    {
      path: '/docs/{tenant}/{doc...}',
      key: { all: [{ param: 'tenant' }, { param: 'doc' }] },
      rewrite: { prefix: '/docs' },
    },
    { path: '/api/send', key: { query: 'userId' }, rewrite: { prefix: '/api', replacement: '/v2' } },
    { prefix: '/app', key: { none: true as const }, rewrite: { prefix: '/app' } },
    { prefix: '/', key: { none: true as const } },
  ],
};

const { gatewayFor, echoNode, rawNode } = useGateway(SHORT, SETTINGS);

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: { node?: string; url?: string; code?: string; headers?: Record<string, string> };
}

function ask(port: number, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, path, headers, method, agent: false }, async (res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of res) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      resolve({ status: res.statusCode ?? 0, headers: res.headers, body: text === '' ? {} : JSON.parse(text) });
    });
    req.on('error', reject).end();
  });
}

interface Opened {
  readonly socket: WebSocket;
  readonly setCookie: readonly string[];
  closed: { code: number } | undefined;
}

async function open(
  port: number,
  path: string,
  offers: string[] = [],
  headers: Record<string, string> = {},
): Promise<Opened> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, offers, { headers });
  let setCookie: readonly string[] = [];
  socket.on('upgrade', ({ headers: sent }) => {
    setCookie = sent['set-cookie'] ?? [];
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.on('error', () => {});
  const opened: Opened = { socket, setCookie, closed: undefined };
  socket.on('close', (code) => {
    opened.closed = { code };
  });
  return opened;
}

const end = (...opened: readonly Opened[]) => {
  for (const { socket } of opened) socket.terminate();
};

/** A ring of two nodes with half of the slots each. */
const halves = (version: number, nodes: Parameters<typeof ringOf>[1]) =>
  ringMessage(ringOf(revision(version), nodes), undefined, SETTINGS);

describe('a generated cookie', () => {
  it('is set on the 101, decides the owner, and is set once', async () => {
    const [a, b] = [await echoNode('a'), await echoNode('b')];
    const { gateway, broadcast } = await gatewayFor(a);
    broadcast(halves(2, [a, b]));
    const first = await open(gateway.port, '/socket');
    expect(first.setCookie).toEqual([
      expect.stringMatching(/^wsc=[\w-]{22}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=60$/),
    ]);
    const cookie = first.setCookie[0]?.split(';')[0] ?? '';
    const key = cookie.slice('wsc='.length);
    const owner = slotOf(key) % 2 === 0 ? a : b;
    expect(owner.visits.map(({ request }) => request.headers['x-wscluster-key'])).toEqual([key]);
    const again = await open(gateway.port, '/socket', [], { cookie });
    expect(again.setCookie).toEqual([]);
    expect(owner.visits).toHaveLength(2);
    const page = await ask(gateway.port, '/sticky/page', { cookie });
    expect(page).toMatchObject({ status: 200, body: { node: owner.id } });
    expect(page.headers['set-cookie']).toBeUndefined();
    end(first, again);
  });

  it('is set on plain answers, beside those of the node, and on an answer that is no 101', async () => {
    const node = await rawNode('a', ({ socket, text }) => {
      const upgrade = /^upgrade:/im.test(text);
      const status = upgrade ? 'HTTP/1.1 403 Forbidden' : 'HTTP/1.1 200 OK';
      socket.end(`${status}\r\nSet-Cookie: own=1\r\nContent-Length: 2\r\n\r\n{}`);
    });
    const { gateway } = await gatewayFor(node);
    const made = expect.stringMatching(/^wsc=[\w-]{22}; Path=\/; HttpOnly; SameSite=Lax/);
    const { headers } = await ask(gateway.port, '/sticky/');
    expect(headers['set-cookie']).toHaveLength(2);
    expect(headers['set-cookie']).toEqual(expect.arrayContaining([made, 'own=1']));
    const refused = rawUpgrade(gateway.port, '/socket');
    await eventually('the answer', () => refused.ended);
    expect(refused.text).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    expect(refused.text.match(/\r\nSet-Cookie: [^\r\n]+/g)).toHaveLength(2);
    refused.socket.destroy();
  });

  it('keeps what the node sends right behind its 101', async () => {
    const node = await rawNode('a', (peer) => accept(peer, Buffer.from([0x81, 2, 0x68, 0x69])));
    const { gateway } = await gatewayFor(node);
    const client = rawUpgrade(gateway.port, '/socket');
    await eventually('the frame', () => client.text.endsWith('hi'));
    expect(client.text).toMatch(/\r\nSet-Cookie: wsc=[\w-]{22}; [^\r\n]+\r\n\r\n..hi$/);
    client.socket.destroy();
  });
});

describe('a subprotocol with the key', () => {
  it('is taken out for the node, and chosen for a client that offers no other', async () => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const only = await open(gateway.port, '/token', ['user.ada%20l']);
    expect(only.socket.protocol).toBe('user.ada%20l');
    const both = await open(gateway.port, '/token', ['user.ada', 'chat.v1']);
    expect(both.socket.protocol).toBe('chat.v1');
    const heads = node.visits.map(({ request: { headers } }) => headers);
    expect(heads.map((head) => [head['x-wscluster-key'], head['sec-websocket-protocol']])).toEqual([
      ['ada%20l', undefined],
      ['ada', 'chat.v1'],
    ]);
    end(only, both);
  });

  it('stays in the list unless the route says so', async () => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const client = await open(gateway.port, '/kept', ['user.ada', 'chat.v1']);
    expect(client.socket.protocol).toBe('user.ada');
    expect(node.visits[0]?.request.headers['sec-websocket-protocol']).toBe('user.ada,chat.v1');
    end(client);
  });

  it('smuggles nothing into the answer', async () => {
    const node = await rawNode('a', accept);
    const { gateway } = await gatewayFor(node);
    for (const offer of ['user.a\x0bX: y', 'user.a"; x', 'user.%0d%0aX-Evil: 1']) {
      const client = rawUpgrade(gateway.port, '/token', [`Sec-WebSocket-Protocol: ${offer}`]);
      await eventually('a refusal', () => client.ended);
      expect(client.text).toMatch(/^HTTP\/1\.1 400 /);
      client.socket.destroy();
    }
    const escaped = rawUpgrade(gateway.port, '/token', ['Sec-WebSocket-Protocol: user.%0d%0aX-Evil']);
    await eventually('the 101', () => escaped.text.includes('\r\n\r\n'));
    expect(escaped.text.match(/^X-Evil/m)).toBeNull();
    expect(escaped.text).toContain('\r\nSec-WebSocket-Protocol: user.%0d%0aX-Evil\r\n\r\n');
    expect(node.sockets.at(-1)?.text).toContain('X-WsCluster-Key: %0D%0AX-Evil\r\n');
    escaped.socket.destroy();
  });
});

describe('a route to a certain node', () => {
  const named = (ring: Ring) =>
    ringMessage(
      createRing(
        ring.revision,
        ring.members.map((member) => ({ ...member, name: `pod-${member.nodeId}` })),
        ring.table.slice(),
      ),
      undefined,
      SETTINGS,
    );

  it('goes there by id or name, and says of others that they are unknown or gone', async () => {
    const [a, b] = [await echoNode('a'), await echoNode('b')];
    const { gateway, broadcast } = await gatewayFor(a);
    broadcast(named(ringOf(revision(2), [a, b], () => 0)));
    expect((await ask(gateway.port, '/b/room')).body).toMatchObject({ node: 'b', url: '/b/room' });
    const { body } = await ask(gateway.port, '/pod-b/room');
    expect(body.node).toBe('b');
    expect(body.headers).not.toHaveProperty('x-wscluster-key');
    expect(await ask(gateway.port, '/c/room')).toMatchObject({ status: 404, body: { code: 'NODE_UNKNOWN' } });
    broadcast(named(ringOf(revision(3), [a])));
    expect(await ask(gateway.port, '/b/room')).toMatchObject({ status: 410, body: { code: 'NODE_GONE' } });
    expect(await ask(gateway.port, '/pod-b/room')).toMatchObject({ status: 410 });
    broadcast(named(ringOf(revision(4), [a, b], () => 0)));
    expect((await ask(gateway.port, '/b/room')).status).toBe(200);
  });

  it('has connections that no change of owners moves, and that are reported apart', async () => {
    const [a, b] = [await echoNode('a'), await echoNode('b')];
    const { gateway, broadcast, bus } = await gatewayFor(a, b);
    const client = await open(gateway.port, '/a/room');
    const keyed = await open(gateway.port, '/kept', ['user.ada']);
    broadcast(
      ringMessage(
        ringOf(revision(2), [a, b], () => 1),
        undefined,
        SETTINGS,
      ),
    );
    await eventually('the move of the other', () => keyed.closed !== undefined);
    const lastReport = () => bus.sent.filter((message): message is Report => message.type === 'report').at(-1);
    await eventually('a report', () => lastReport()?.connectionsByNode.a === 1);
    expect(lastReport()?.pinnedByNode).toEqual({ a: 1 });
    client.socket.send('still here');
    await eventually('the message', () => a.visits[0]?.messages.includes('still here') === true);
    expect(client.closed).toBeUndefined();
    end(client);
    await eventually('its end', () => gateway.connections === 0);
  });
});

describe('a route without a key', () => {
  it('goes to the ready node with the fewest requests, and never to a draining one', async () => {
    const [a, b, c] = [await echoNode('a'), await echoNode('b'), await echoNode('c')];
    const { gateway, broadcast } = await gatewayFor(a);
    const ring = ringOf(revision(2), [a, b, c]);
    const members = ring.members.map((member) => ({
      ...member,
      state: member.nodeId === 'c' ? ('draining' as const) : member.state,
    }));
    broadcast(ringMessage(createRing(ring.revision, members, ring.table.slice()), undefined, SETTINGS));
    const opened: Opened[] = [];
    for (let count = 0; count < 6; count++) opened.push(await open(gateway.port, '/'));
    expect([a, b, c].map(({ visits }) => visits.length)).toEqual([3, 3, 0]);
    const nodes = await Promise.all(Array.from({ length: 20 }, async () => (await ask(gateway.port, '/x')).body.node));
    expect(new Set(nodes)).toEqual(new Set(['a', 'b']));
    end(...opened);
  });

  it('has connections that leave a node with its slots', async () => {
    const [a, b] = [await echoNode('a'), await echoNode('b')];
    const { gateway, broadcast } = await gatewayFor(a, b);
    const client = await open(gateway.port, '/');
    expect(a.visits).toHaveLength(1);
    broadcast(
      ringMessage(
        ringOf(revision(2), [a, b], () => 1),
        undefined,
        SETTINGS,
      ),
    );
    await eventually('the Close', () => client.closed?.code === 1012);
    const again = await open(gateway.port, '/');
    expect(b.visits).toHaveLength(1);
    end(again);
  });

  it('goes to another node if one refuses, at once', async () => {
    const a = await echoNode('a');
    const { gateway, broadcast } = await gatewayFor(a);
    broadcast(halves(2, [a, NOBODY]));
    for (let count = 0; count < 8; count++) {
      expect((await ask(gateway.port, '/x')).body.node).toBe('a');
      end(await open(gateway.port, '/'));
    }
    expect(a.visits).toHaveLength(8);
  });

  it('is taken by an OPTIONS that has no key, which is how preflights pass', async () => {
    const a = await echoNode('a');
    const { gateway } = await gatewayFor(a);
    const preflight = { origin: 'https://chat.example', 'access-control-request-method': 'POST' };
    const answer = await ask(gateway.port, '/socket', preflight, 'OPTIONS');
    expect(answer).toMatchObject({ status: 200, body: { node: 'a' } });
    expect(answer.body.headers).not.toHaveProperty('x-wscluster-key');
    const sticky = await ask(gateway.port, '/sticky/', preflight, 'OPTIONS');
    expect(sticky.headers['set-cookie']).toBeUndefined();
  });
});

describe('an event stream', () => {
  it('of a named node stays, one without a key moves with the slots of its node, and both may set the cookie', async () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n';
    const a = await rawNode('a', ({ socket }) => socket.write(`${head}data: 1\n\n`));
    const b = await echoNode('b');
    const { gateway, broadcast } = await gatewayFor(a, b);
    const stream = (path: string) => rawRequest(gateway.port, [`GET ${path} HTTP/1.1`, 'Host: x']);
    const [named, free, sticky] = [stream('/a/room'), stream('/free'), stream('/sticky/events')];
    await eventually('the first events', () => [named, free, sticky].every(({ text }) => text.includes('data: 1\n\n')));
    expect(sticky.text).toMatch(/\r\nSet-Cookie: wsc=[\w-]{22}; /);
    broadcast(
      ringMessage(
        ringOf(revision(2), [a, b], () => 1),
        undefined,
        SETTINGS,
      ),
    );
    await eventually('the end of the others', () => [free, sticky].every(({ text }) => text.endsWith('\r\n0\r\n\r\n')));
    for (const { socket } of a.sockets) socket.write('data: 2\n\n');
    await eventually('the next event', () => named.text.includes('data: 2\n\n'));
    for (const { socket } of [named, free, sticky]) socket.destroy();
    await eventually('the end', () => gateway.connections === 0);
  });
});

describe('a path', () => {
  it('is rewritten for the node, in upgrades and plain requests', async () => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    expect((await ask(gateway.port, '/api/send?userId=ada&x=%2F')).body.url).toBe('/v2/send?userId=ada&x=%2F');
    const client = await open(gateway.port, '/docs/acme/a/b?x');
    expect(node.visits[0]?.request.url).toBe('/acme/a/b?x');
    expect(node.visits[0]?.request.headers['x-wscluster-key']).toBe(encodeURIComponent('acme/a%2Fb'));
    end(client);
    const evil = await ask(gateway.port, '/app//evil/x');
    expect(evil).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
  });

  it('is served by protocol and method, and what is left by the next route', async () => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const post = await ask(gateway.port, '/socket?userId=ada', {}, 'POST');
    expect(post.body.headers).toMatchObject({ 'x-wscluster-key': 'ada' });
    const get = await ask(gateway.port, '/socket?userId=ada');
    expect(get).toMatchObject({ status: 200 });
    expect(get.body.headers).not.toHaveProperty('x-wscluster-key');
  });
});
