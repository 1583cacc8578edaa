import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { DEFAULT_LIMITS } from '../limits.ts';
import { connectClient } from '../testing/client.ts';
import { eventually } from '../testing/eventually.ts';
import type { GatewayUnderTest } from '../testing/gateway-under-test.ts';
import { accept, frame, rawUpgrade, switching } from '../testing/raw-socket.ts';
import { releaseUpTo, revision, ringMessage, ringOf, type TestNode } from '../testing/rings.ts';
import { useGateway } from '../testing/use-gateway.ts';
import { closeFrame, ownerChanged } from './close-frame.ts';
import { dialOwner } from './owner-socket.ts';
import { Relay } from './relay.ts';
import { SlotLoad } from './slot-load.ts';
import { listen, NOBODY } from './socket-user.ts';

/** The default deadlines: a busy machine must not miss them. What a test leaves open would wait for them, too. */
const { gatewayFor, echoNode, rawNode } = useGateway({});
/** For what must not wait for a deadline. */
const patient = useGateway({ closeMs: 120_000, nodeCloseMs: 120_000 });
/** For what ends by the deadline. */
const hasty = useGateway({ closeMs: 300 });

/** Gives all slots to the second node, released for moving. */
function moveAll(test: GatewayUnderTest, nodes: readonly TestNode[], version = 2): void {
  test.broadcast(ringMessage(ringOf(revision(version), nodes, () => 1)));
}

describe('a relayed connection', () => {
  it('carries text, binary, fragmented and large messages and pings unchanged', async () => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const { socket, messages } = await connectClient(gateway.port);
    let pong = '';
    socket.on('pong', (data) => {
      pong = String(data);
    });
    socket.send('grüße');
    socket.send(Buffer.alloc(1 << 20, 7));
    socket.send('one ', { fin: false });
    socket.ping('between');
    socket.send('two ', { fin: false });
    socket.send('three', { fin: true });
    socket.send(Buffer.alloc(0));
    await eventually('all echoes', () => messages.length === 4 && pong !== '');
    expect(messages).toEqual(['grüße', `${1 << 20} bytes`, 'one two three', '0 bytes']);
    expect(pong).toBe('between');
    socket.close(4000, 'done');
    await eventually('the node sees the close', () => node.visits[0]?.closeCode === 4000);
    await eventually(
      'nothing is left',
      () => gateway.connections === 0 && gateway.sockets === 0 && node.openSockets.size === 0,
    );
  });

  it('loses nothing that came right behind the heads of the upgrade and of its answer', async () => {
    const node = await rawNode('a', (peer) => accept(peer, frame(1, 'first from node')));
    const { gateway } = await gatewayFor(node);
    const client = rawUpgrade(gateway.port, '/connect/ada', [], frame(1, 'first from client', { masked: true }));
    await eventually(
      'both frames',
      () => client.text.includes('first from node') && !!node.sockets[0]?.text.includes('first from client'),
    );
    expect(client.text).toBe(switching() + frame(1, 'first from node').toString('latin1'));
    client.socket.destroy();
    await eventually(
      'the node is rid of it',
      () => node.sockets[0]?.closed === true || node.sockets[0]?.ended === true,
    );
    node.sockets[0]?.socket.destroy();
  });

  it('holds a fast node back for a slow client, and gives it everything in the end', async () => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const { socket, messages } = await connectClient(gateway.port);
    await eventually('the visit', () => node.visits.length === 1);
    socket.pause();
    const big = Buffer.alloc(1 << 20, 1);
    for (let i = 0; i < 40; i++) node.visits[0]?.socket.send(big);
    await eventually('the node is held back', () => (node.visits[0]?.socket.bufferedAmount ?? 0) > 8 << 20);
    socket.resume();
    await eventually('all messages', () => messages.length === 40);
    socket.terminate();
  });

  it.each(['client', 'node'] as const)('leaves nothing behind when the %s resets it', async (who) => {
    const node = await hasty.rawNode('a', accept);
    const { gateway } = await hasty.gatewayFor(node);
    const client = rawUpgrade(gateway.port, '/connect/ada');
    await eventually('the 101', () => client.text.endsWith('\r\n\r\n'));
    if (who === 'client') client.socket.resetAndDestroy();
    else node.sockets[0]?.socket.resetAndDestroy();
    await eventually('nothing is left', () => gateway.connections === 0 && gateway.sockets === 0);
    await eventually('both ends know', () => [client, node.sockets[0]].every((end) => end?.ended || end?.closed));
  });

  it('ends the other side when a client leaves by a FIN without a Close', async () => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const client = rawUpgrade(gateway.port, '/connect/ada', [], frame(1, 'last words', { masked: true }));
    await eventually('the echo', () => client.text.includes('last words'));
    client.socket.end();
    await eventually('the visit ends', () => node.visits[0]?.closeCode === 1006);
    expect(node.visits[0]?.messages).toEqual(['last words']);
    await eventually('nothing is left', () => gateway.connections === 0 && gateway.sockets === 0);
  });
});

it('ends with its node once the client is gone, also if the node said more than the client took', async () => {
  const node = await patient.rawNode('a', (peer) => accept(peer));
  const { gateway } = await patient.gatewayFor(node);
  const client = rawUpgrade(gateway.port, '/connect/ada');
  await eventually('it is open', () => client.text.includes('\r\n\r\n'));
  client.socket.destroy();
  await eventually('the node hears that the client has ended', () => node.sockets[0]?.ended === true);
  const socket = node.sockets[0]?.socket;
  // The answer to the first piece is a reset, so the next ones find no client.
  await eventually('the gateway has no socket', () => {
    socket?.write(Buffer.alloc(1 << 16));
    return gateway.sockets === 0;
  });
  socket?.end(Buffer.alloc(1 << 16));
  await eventually('nothing is left', () => gateway.connections === 0);
});

describe('a client whose node is lost', () => {
  it('sees what it would see without a gateway, an end without a Close, when the node lives on', async () => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const client = await connectClient(gateway.port);
    client.socket.send('hello');
    await eventually('the echo', () => client.messages.length === 1);
    for (const socket of node.openSockets) socket.resetAndDestroy();
    await eventually('the close', () => client.closed !== undefined);
    expect(client.closed).toEqual({ code: 1006, reason: '' });
    await eventually('nothing is left', () => gateway.connections === 0 && gateway.sockets === 0);
  });

  it('gets a Close 1012 when the node takes no connections any more', async () => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const client = await connectClient(gateway.port);
    client.socket.send('hello');
    await eventually('the echo', () => client.messages.length === 1);
    await node.stop();
    await eventually('the close', () => client.closed !== undefined);
    expect(client.closed).toEqual({ code: 1012, reason: 'owner lost' });
    await eventually('nothing is left', () => gateway.connections === 0 && gateway.sockets === 0);
  });

  it('is cut off when a frame broke off', async () => {
    const node = await rawNode('a', (peer) => {
      accept(peer, frame(1, 'broken off').subarray(0, 5));
      peer.socket.end();
    });
    const { gateway } = await gatewayFor(node);
    const client = rawUpgrade(gateway.port, '/connect/ada');
    await eventually('the end', () => client.ended || client.closed);
    expect(client.text).toBe(switching() + frame(1, 'broken off').subarray(0, 5).toString('latin1'));
    client.socket.destroy();
    await eventually('nothing is left', () => gateway.connections === 0 && gateway.sockets === 0);
  });
});

describe('a busy gateway', () => {
  it('gives every client the last message of a node that ends right behind it', async () => {
    const count = 60;
    const node = await rawNode('a', accept);
    const { gateway } = await gatewayFor(node);
    const clients = Array.from({ length: count }, (_, i) => rawUpgrade(gateway.port, `/connect/user-${i}`));
    await eventually('all 101', () => clients.every(({ text }) => text.endsWith('\r\n\r\n')));
    // Rounds in which all write at once, until the gateway holds writes back.
    for (let round = 1; round <= 20; round++) {
      for (const { socket } of node.sockets) socket.write(frame(1, '.'));
      await eventually('a round', () =>
        clients.every(({ received }) => received.length === switching().length + 3 * round),
      );
    }
    for (const { socket } of node.sockets) socket.end(frame(1, 'last'));
    await eventually('all ends', () => clients.every(({ ended }) => ended));
    const frames = [...Array(20).fill(frame(1, '.')), frame(1, 'last')];
    const expected = switching() + Buffer.concat(frames).toString('latin1');
    expect(new Set(clients.map(({ text }) => text))).toEqual(new Set([expected]));
    for (const { socket } of clients) socket.destroy();
  });
});

describe('moving a connection', () => {
  it('asks the client to come back with 1012, and lets the node see its answer after its last message', async () => {
    const [a, b] = [await echoNode('a'), await echoNode('b')];
    const test = await gatewayFor(a, b);
    const client = await connectClient(test.gateway.port);
    client.socket.send('before');
    await eventually('the echo', () => client.messages.length === 1);
    moveAll(test, [a, b]);
    client.socket.send('on its way');
    await eventually('the close', () => client.closed !== undefined);
    expect(client.closed).toEqual({ code: 1012, reason: 'owner changed' });
    await eventually('the node sees the close', () => a.visits[0]?.closeCode === 1012);
    expect(a.visits[0]?.messages).toEqual(['before', 'on its way']);
    await eventually('nothing is left', () => test.gateway.connections === 0 && test.gateway.sockets === 0);

    const again = await connectClient(test.gateway.port);
    again.socket.send('after');
    await eventually('the new owner has it', () => b.visits[0]?.messages[0] === 'after');
    again.socket.terminate();
  });

  it('waits for the release of the change', async () => {
    const [a, b] = [await echoNode('a'), await echoNode('b')];
    const test = await gatewayFor(a, b);
    const client = await connectClient(test.gateway.port);
    const next = ringOf(revision(2), [a, b], () => 1);
    test.broadcast(ringMessage(next, releaseUpTo(revision(1))));
    client.socket.send('still here');
    await eventually('the echo', () => client.messages.length === 1);
    const other = await connectClient(test.gateway.port, 'grace');
    await eventually('a new client is with the new owner', () => b.visits.length === 1);
    test.broadcast({ ...ringMessage(next), type: 'heartbeat' });
    await eventually('the close', () => client.closed?.code === 1012);
    expect(other.closed).toBeUndefined();
    other.socket.terminate();
  });

  it('puts the Close after a message that is under way, not into it', async () => {
    const node = await rawNode('a', accept);
    const other = await echoNode('b');
    const test = await gatewayFor(node, other);
    const client = rawUpgrade(test.gateway.port, '/connect/ada');
    await eventually('the 101', () => client.text.endsWith('\r\n\r\n'));
    const large = Buffer.concat([Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 16, 0, 0]), Buffer.alloc(1 << 20, 3)]);
    node.sockets[0]?.socket.write(large.subarray(0, 500_000));
    await eventually('half of it', () => client.received.length > 500_000);
    moveAll(test, [node, other]);
    node.sockets[0]?.socket.write(Buffer.concat([large.subarray(500_000), frame(1, 'too late')]));
    const expected = Buffer.concat([Buffer.from(switching()), large, closeFrame(ownerChanged(1012))]);
    await eventually('all of it', () => client.received.length >= expected.length);
    client.socket.write(frame(8, '', { masked: true }));
    await eventually('the end', () => client.ended);
    expect(client.received.equals(expected)).toBe(true);
    for (const { socket } of [client, ...node.sockets]) socket.destroy();
  });

  it('puts the Close between two fragments when a message does not end', async () => {
    const node = await rawNode('a', accept);
    const other = await echoNode('b');
    const test = await gatewayFor(node, other);
    const within = rawUpgrade(test.gateway.port, '/connect/ada');
    await eventually('its 101', () => within.text.endsWith('\r\n\r\n'));
    const between = rawUpgrade(test.gateway.port, '/connect/grace');
    await eventually('the 101 of the other', () => between.text.endsWith('\r\n\r\n'));
    const [first, second] = [frame(1, 'never ', { fin: false }), frame(0, 'ending ', { fin: false })];
    node.sockets[0]?.socket.write(Buffer.concat([first, second.subarray(0, 4)]));
    node.sockets[1]?.socket.write(first);
    await eventually('a fragment and a part', () => within.text.endsWith('en') && between.text.endsWith('never '));

    const close = closeFrame(ownerChanged(1012)).toString('latin1');
    const told = performance.now();
    moveAll(test, [node, other]);
    await eventually('the Close where no fragment is under way', () => between.text.endsWith(`never ${close}`));
    expect(performance.now() - told).toBeGreaterThan(DEFAULT_LIMITS.messageGraceMs * 0.9);
    expect(within.text.endsWith('en')).toBe(true);
    node.sockets[0]?.socket.write(second.subarray(4));
    await eventually('the Close after the fragment', () => within.text.endsWith(`ending ${close}`));
    for (const { socket } of [within, between, ...node.sockets]) socket.destroy();
  });

  it('closes at the node in place of a client that does not answer', async () => {
    const [a, b] = [await hasty.echoNode('a'), await hasty.echoNode('b')];
    const test = await hasty.gatewayFor(a, b);
    const client = rawUpgrade(test.gateway.port, '/connect/ada');
    // Until then it would be sent to the new owner without noticing.
    await eventually('the 101', () => client.text.includes('\r\n\r\n'));
    moveAll(test, [a, b]);
    await eventually('the node sees a close', () => a.visits[0]?.closeCode === 1012);
    await eventually('the client is cut off', () => client.ended || client.closed);
    await eventually('nothing is left', () => test.gateway.connections === 0 && test.gateway.sockets === 0);
  });

  it('leaves nothing behind when client or node vanish while it is closed', async () => {
    const node = await hasty.rawNode('a', accept);
    const other = await hasty.echoNode('b');
    const test = await hasty.gatewayFor(node, other);
    const clients = ['ada', 'grace', 'joan'].map((key) => rawUpgrade(test.gateway.port, `/connect/${key}`));
    await eventually('all 101', () => clients.every(({ text }) => text.includes('\r\n\r\n')));
    moveAll(test, [node, other]);
    await eventually('all are told', () => clients.every(({ text }) => text.includes('owner changed')));
    clients[0]?.socket.resetAndDestroy();
    clients[1]?.socket.end();
    for (const { socket } of node.sockets) if (socket.remotePort) socket.resetAndDestroy();
    await eventually('nothing is left', () => test.gateway.connections === 0 && test.gateway.sockets === 0);
  });

  it('sends no second Close to a client that is closing already', async () => {
    const node = await hasty.rawNode('a', accept);
    const other = await hasty.echoNode('b');
    const test = await hasty.gatewayFor(node, other);
    const client = rawUpgrade(test.gateway.port, '/connect/ada', [], frame(8, '\x03\xe8', { masked: true }));
    await eventually('the Close is at the node', () => (node.sockets[0]?.text.split('\r\n\r\n')[1] ?? '') !== '');
    moveAll(test, [node, other]);
    await eventually('it is cut off in the end', () => test.gateway.connections === 0);
    expect(client.text).toBe(switching());
  });
});

describe('moving many clients', () => {
  it('breaks no frame of many clients that send all kinds of them meanwhile', async () => {
    const [a, b] = [await echoNode('a'), await echoNode('b')];
    const test = await gatewayFor(a, b);
    const clients = await Promise.all(
      Array.from({ length: 30 }, (_, i) => connectClient(test.gateway.port, `user-${i}`)),
    );
    const timers = clients.map(({ socket }, i) =>
      setInterval(() => {
        // Not more than gets through: what piles up on a slow machine is waited for as well.
        if (socket.readyState !== WebSocket.OPEN || socket.bufferedAmount > 0) return;
        if (i % 3 === 0) socket.send(Buffer.alloc(1 << (i % 2 ? 18 : 17), i));
        socket.send('frag', { fin: false });
        socket.ping('between');
        socket.send('ments', { fin: true });
      }, 4),
    );
    await eventually('traffic', () => clients.every(({ messages }) => messages.length > 3));
    moveAll(test, [a, b]);
    await eventually('all closes', () => clients.every(({ closed }) => closed !== undefined));
    for (const timer of timers) clearInterval(timer);
    expect(new Set(clients.map(({ closed }) => `${closed?.code} ${closed?.reason}`))).toEqual(
      new Set(['1012 owner changed']),
    );
    await eventually('all visits end', () => a.visits.every(({ closeCode }) => closeCode !== undefined));
    expect(new Set(a.visits.map(({ closeCode }) => closeCode))).toEqual(new Set([1012]));
    await eventually('nothing is left', () => test.gateway.connections === 0 && a.openSockets.size === 0);
  });
});

/** A relay of its own between two sockets to a server, which also takes further ones. */
async function aRelay() {
  const accepted: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket.on('error', () => {}))).listen(0, '127.0.0.1');
  await eventually('a server', () => server.listening);
  const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  const [client, node, next] = [connect(address), dialOwner(address, NOBODY), dialOwner(address, NOBODY)];
  listen(client);
  client.on('error', () => {});
  await eventually(
    'all connections',
    () => accepted.length === 3 && [client, next].every((s) => s.readyState === 'open'),
  );
  const seen = { gone: 0, outcomes: [] as string[] };
  const relay = new Relay(
    { client, node, slot: 0 },
    DEFAULT_LIMITS,
    { toNode: 0, toClient: 0, bySlot: new SlotLoad() },
    {
      onGone: () => seen.gone++,
      onOrphaned: () => () => {},
    },
  );
  /** To `next`, from a node that knows nothing of handovers. */
  const handOver = () =>
    relay.handOver(
      { socket: next, rest: Buffer.alloc(0) },
      { oldOwner: undefined, newOwner: undefined },
      ownerChanged(1012),
      (outcome) => seen.outcomes.push(outcome.kind === 'switched' ? 'switched' : `${outcome.kind}: ${outcome.fault}`),
    );
  const stop = () => {
    for (const socket of [...accepted, client, node, next]) socket.destroy();
    server.close();
  };
  return { client, node, next, relay, seen, handOver, stop };
}

it('counts a client once that was reset in the moment of the 101, before its socket has said so', async () => {
  const { client, node, relay, seen, stop } = await aRelay();
  const events = Promise.all([once(client, 'close'), once(node, 'close')]);
  client.destroy();
  relay.start(Buffer.alloc(0), Buffer.alloc(0));
  await events;
  expect(seen.gone).toBe(1);
  stop();
});

it('is not handed over once the client is gone, though the node does not know yet', async () => {
  const { client, next, relay, seen, handOver, stop } = await aRelay();
  relay.start(Buffer.alloc(0), Buffer.alloc(0));
  client.destroy();
  await once(client, 'close');
  handOver();
  await eventually('nothing is left', () => seen.gone === 1 && next.closed);
  expect(seen.outcomes).toEqual(['kept: client-closing']);
  stop();
});

it('is not handed over by a node that was reset before it was asked', async () => {
  const { node, next, relay, seen, handOver, stop } = await aRelay();
  relay.start(Buffer.alloc(0), Buffer.alloc(0));
  node.destroy();
  handOver();
  await eventually('the new owner is rid of it', () => next.closed);
  expect(seen.outcomes).toEqual(['kept: old-owner-broken']);
  stop();
});

it('is not switched to a new owner that was reset before the old one let go', async () => {
  const { node, next, relay, seen, handOver, stop } = await aRelay();
  relay.start(Buffer.alloc(0), Buffer.alloc(0));
  handOver();
  next.destroy();
  relay.onChunk(closeFrame(ownerChanged(1000)), node);
  expect(seen.outcomes).toEqual(['broken: new-owner-broken']);
  stop();
});
