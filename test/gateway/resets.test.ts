import { connectClient } from '@wscluster/gateway/testing/client';
import { eventually } from '@wscluster/gateway/testing/eventually';
import type { GatewayUnderTest } from '@wscluster/gateway/testing/gateway-under-test';
import { accept, frame, type RawNode, type RawSocket, rawUpgrade } from '@wscluster/gateway/testing/raw-socket';
import { revision, ringMessage, ringOf, type TestNode } from '@wscluster/gateway/testing/rings';
import { describe, expect, it } from 'vitest';
import { answerTo, codeOf, headOf, rawClient } from './support/answers.ts';
import { NOBODY, SHORT, useScene } from './support/scene.ts';

// All clients of a test wait for another owner at the same time, also on a busy machine.
const { gatewayFor, rawNode, nothingLeft } = useScene({ ...SHORT, ownerWaitMs: 2_000 });

/** A client's Close without a code. */
const CLOSE = frame(8, '', { masked: true });

/** Connections of each test: what leaks once in a while leaks among several. */
const COUNT = 20;

function clientsOf({ gateway }: GatewayUnderTest): RawSocket[] {
  return Array.from({ length: COUNT }, (_, i) => rawUpgrade(gateway.port, `/connect/user-${i}`));
}

function reset(ends: readonly RawSocket[]): void {
  for (const { socket } of ends) socket.resetAndDestroy();
}

const acceptIt = (peer: RawSocket) => accept(peer, frame(1, 'hello'));

/** Resets the client whose request a node has got. */
function cutOff({ text }: RawSocket, clients: readonly RawSocket[]): void {
  const number = /\/connect\/user-(\d+)/.exec(text)?.[1];
  clients[Number(number)]?.socket.resetAndDestroy();
}

/** Gives all slots to the second node, released for moving. */
function moveAll(test: GatewayUnderTest, nodes: readonly TestNode[]): void {
  test.broadcast(ringMessage(ringOf(revision(2), nodes, () => 1)));
}

async function relaying(clients: readonly RawSocket[], node: RawNode): Promise<void> {
  await eventually('all 101', () => clients.every(({ text }) => text.includes('\r\n\r\n')));
  expect(node.sockets.length).toBe(clients.length);
}

describe('a reset by the client', () => {
  it.each([
    ['before it sends anything', ''],
    ['within the head of its request', 'GET /connect/ada HTTP/1.1\r\nHost: x\r\nUpgr'],
    [
      'within the body of its request',
      `${headOf('POST /send?userId=ada HTTP/1.1', 'Host: x', 'Content-Length: 100')}x`,
    ],
  ])('%s leaves nothing behind', async (_what, text) => {
    const test = await gatewayFor(await rawNode('a'));
    const clients = Array.from({ length: COUNT }, () => rawClient(test.gateway.port, text));
    await eventually('all are accepted', () => test.gateway.sockets === COUNT);
    reset(clients);
    await nothingLeft();
  });

  it('while the gateway waits for the owner’s answer lets the owner go', async () => {
    const node = await rawNode('a');
    const clients = clientsOf(await gatewayFor(node));
    await eventually(
      'all requests',
      () => node.sockets.filter(({ text }) => text.endsWith('\r\n\r\n')).length === COUNT,
    );
    reset(clients);
    await nothingLeft();
  });

  it('while the gateway waits for another owner ends the waiting', async () => {
    const test = await gatewayFor(NOBODY);
    const clients = clientsOf(test);
    await eventually('all are tracked', () => test.gateway.connections === COUNT);
    reset(clients);
    await nothingLeft();
  });

  // The gateway sees both in one turn of its event loop, in this order.
  it.each([
    ['right before', [cutOff, acceptIt]],
    ['right after', [acceptIt, cutOff]],
  ])('%s the owner’s 101 lets the owner go', async (_what, acts) => {
    const clients: RawSocket[] = [];
    const node = await rawNode('a', (peer) => {
      for (const act of acts) act(peer, clients);
    });
    clients.push(...clientsOf(await gatewayFor(node)));
    await eventually('all requests', () => node.sockets.length === COUNT);
    await nothingLeft();
  });

  it('while the node’s answer other than 101 is passed on lets the node go', async () => {
    const node = await rawNode('a', ({ socket }) =>
      socket.write('HTTP/1.1 500 No\r\nContent-Length: 1000\r\n\r\nhalf'),
    );
    const clients = clientsOf(await gatewayFor(node));
    await eventually('all halves', () => clients.every(({ text }) => text.endsWith('half')));
    reset(clients);
    await nothingLeft();
  });

  it('while relaying lets the node go', async () => {
    const node = await rawNode('a', accept);
    const clients = clientsOf(await gatewayFor(node));
    await relaying(clients, node);
    reset(clients);
    await nothingLeft();
  });

  it('within a frame, with bytes on their way both ways, lets the node go', async () => {
    const node = await rawNode('a', accept);
    const clients = clientsOf(await gatewayFor(node));
    await relaying(clients, node);
    const large = Buffer.concat([Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 16, 0, 0]), Buffer.alloc(1 << 19)]);
    for (const { socket } of [...node.sockets, ...clients]) socket.write(large);
    await eventually('some of it', () => clients.every(({ received }) => received.length > 1_000));
    reset(clients);
    await nothingLeft();
  });

  it('while it is told to go lets the node go', async () => {
    const [node, other] = [await rawNode('a', accept), await rawNode('b')];
    const test = await gatewayFor(node, other);
    const clients = clientsOf(test);
    await relaying(clients, node);
    moveAll(test, [node, other]);
    await eventually('all are told', () => clients.every(({ text }) => text.includes('owner changed')));
    reset(clients);
    await nothingLeft();
  });

  it('while the end of a message is awaited lets the node go', async () => {
    const [node, other] = [await rawNode('a', accept), await rawNode('b')];
    const test = await gatewayFor(node, other);
    const clients = clientsOf(test);
    await relaying(clients, node);
    for (const { socket } of node.sockets) socket.write(frame(1, 'never ending', { fin: false }).subarray(0, 6));
    await eventually('a part of a frame', () => clients.every(({ text }) => text.endsWith('neve')));
    moveAll(test, [node, other]);
    reset(clients);
    await nothingLeft();
  });

  it('after its own Close lets the node go', async () => {
    const node = await rawNode('a', accept);
    const clients = clientsOf(await gatewayFor(node));
    await relaying(clients, node);
    for (const { socket } of clients) socket.write(CLOSE);
    const close = CLOSE.toString('latin1');
    await eventually('all Closes', () => node.sockets.every(({ text }) => text.endsWith(close)));
    reset(clients);
    await nothingLeft();
  });
});

describe('a reset by the node', () => {
  it('before its answer is a 502 to the client', async () => {
    const node = await rawNode('a', ({ socket }) => socket.resetAndDestroy());
    const { gateway } = await gatewayFor(node);
    const answer = await answerTo(rawUpgrade(gateway.port, '/connect/ada'));
    expect(answer.status).toBe(502);
    expect(codeOf(answer)).toEqual({ code: 'OWNER_UNREACHABLE' });
    await nothingLeft();
  });

  it('within the head of its answer is a 502 to the client', async () => {
    const node = await rawNode('a', ({ socket }) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: webs', () => socket.resetAndDestroy());
    });
    const { gateway } = await gatewayFor(node);
    const answer = await answerTo(rawUpgrade(gateway.port, '/connect/ada'));
    expect(answer.status).toBe(502);
    // A reset can overtake what was sent before it.
    expect(['OWNER_PROTOCOL', 'OWNER_UNREACHABLE']).toContain(codeOf(answer).code);
    await nothingLeft();
  });

  it('within the body of another answer ends the client’s connection', async () => {
    const node = await rawNode('a', ({ socket }) =>
      socket.write('HTTP/1.1 500 No\r\nContent-Length: 1000\r\n\r\nhalf'),
    );
    const clients = clientsOf(await gatewayFor(node));
    await eventually('all halves', () => clients.every(({ text }) => text.endsWith('half')));
    reset(node.sockets);
    await eventually('all ends', () => clients.every(({ ended, closed }) => ended || closed));
    for (const { socket } of clients) socket.end();
    await nothingLeft();
  });

  it('between frames is an end without a Close to the client, as without a gateway', async () => {
    const node = await rawNode('a', accept);
    const { gateway } = await gatewayFor(node);
    const client = await connectClient(gateway.port);
    reset(node.sockets);
    await eventually('the close', () => client.closed !== undefined);
    expect(client.closed).toEqual({ code: 1006, reason: '' });
    await nothingLeft();
  });

  it('within a frame cuts the client off, since no Close fits in there', async () => {
    const node = await rawNode('a', (peer) => accept(peer, frame(1, 'broken off').subarray(0, 6)));
    const clients = clientsOf(await gatewayFor(node));
    await eventually('all parts', () => clients.every(({ text }) => text.endsWith('brok')));
    reset(node.sockets);
    await eventually('all ends', () => clients.every(({ ended, closed }) => ended || closed));
    expect(new Set(clients.map(({ text }) => text.slice(-4)))).toEqual(new Set(['brok']));
    for (const { socket } of clients) socket.destroy();
    await nothingLeft();
  });

  it('while its client is told to go leaves the client its time to answer, and nothing behind', async () => {
    const [node, other] = [await rawNode('a', accept), await rawNode('b')];
    const test = await gatewayFor(node, other);
    const clients = clientsOf(test);
    await relaying(clients, node);
    moveAll(test, [node, other]);
    await eventually('all are told', () => clients.every(({ text }) => text.includes('owner changed')));
    reset(node.sockets);
    for (const { socket } of clients) socket.write(CLOSE);
    await eventually('all ends', () => clients.every(({ ended }) => ended));
    for (const { socket } of clients) socket.end();
    await nothingLeft();
  });
});

it('a reset of both at once leaves nothing behind', async () => {
  const node = await rawNode('a', accept);
  const clients = clientsOf(await gatewayFor(node));
  await relaying(clients, node);
  reset([...clients, ...node.sockets]);
  await nothingLeft();
});
