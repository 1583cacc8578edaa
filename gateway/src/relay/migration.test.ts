import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { connectClient } from '../testing/client.ts';
import { eventually } from '../testing/eventually.ts';
import { AWARE, countedBy, framesAt, MIGRATING, moveTo, outcomes, tokenOf } from '../testing/migrations.ts';
import { noticed } from '../testing/noticed.ts';
import { accept, frame, type RawSocket, rawUpgrade } from '../testing/raw-socket.ts';
import { useGateway } from '../testing/use-gateway.ts';
import { closeFrame, ownerChanged } from './close-frame.ts';

/** Long for all but what ends at a test's end: a busy machine must not end a migration that a test lets succeed. */
const LIMITS = { closeMs: 1_000, nodeCloseMs: 1_000 };
/** For what ends by one of them. */
const SHORT_LIMITS = { ...LIMITS, ownerWaitMs: 400, answerMs: 500, holdMs: 200, releaseMs: 500 };
const settings = MIGRATING;
const MISDIRECTED = 'HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n';
const TEXT = 1;
const BINARY = 2;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;

const usual = useGateway(LIMITS, settings);
const { gatewayFor, echoNode, rawNode } = usual;
const hasty = useGateway(SHORT_LIMITS, settings);

/** A client on its way from `a`, which only does what a test tells it to and has just been asked to let go, to `b`. */
async function askedToLetGo(headers: readonly string[] = []) {
  const a = await rawNode('a', (peer) => accept(peer, undefined, headers));
  const b = await echoNode('b');
  const test = await gatewayFor(a, b);
  const client = await connectClient(test.gateway.port);
  moveTo(test, [a, b], 1, 2);
  const [old] = a.sockets as [RawSocket];
  await eventually('the old owner is asked', () => framesAt(old).length === 1);
  return { a, b, test, client, old };
}

describe('a connection that migrates', () => {
  it('goes to the new owner between two messages: the client keeps its connection, and nothing is lost or out of order', async () => {
    const nodes = [await echoNode('a'), await echoNode('b')];
    const [a, b] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
    const test = await gatewayFor(a, b);
    const client = await connectClient(test.gateway.port);
    let sent = 0;
    const talk = setInterval(() => client.socket.send(`message ${sent++}`), 1);
    for (let round = 1; round <= 10; round++) {
      const before = client.messages.length;
      moveTo(test, nodes, round % 2, round + 1);
      const arrived = nodes[round % 2];
      const visits = Math.ceil(round / 2) + (round % 2 === 0 ? 1 : 0);
      await eventually('it is with the new owner', () => (arrived?.visits[visits - 1]?.messages.length ?? 0) > 0);
      await eventually('it goes on', () => client.messages.length > before + 5);
    }
    clearInterval(talk);
    await eventually('all echoes', () => client.messages.length === sent);
    expect(client.messages).toEqual(Array.from({ length: sent }, (_, i) => `message ${i}`));
    expect(client.closed).toBeUndefined();
    expect(test.gateway.connections).toBe(1);
    expect(await outcomes(test)).toEqual({ migrated: 10 });
    const metrics = await (await fetch(`http://127.0.0.1:${test.gateway.probePort}/metrics`)).text();
    expect(metrics).toMatch(/^wscluster_gateway_migration_blackout_seconds_count 10$/m);
    const waited = /^wscluster_gateway_migration_blackout_seconds_sum (\S+)$/m.exec(metrics)?.[1];
    expect(Number(waited)).toBeGreaterThan(0);
    await eventually('the old owner is rid of it', () => a.openSockets.size + b.openSockets.size === 1);
    expect(b.visits[0]?.request.headers['x-wscluster-migrated-from']).toBe('a');
    await eventually('the controller hears where it can move from', () => {
      const report = test.bus.sent.findLast((message) => message.type === 'report');
      return report?.connectionsByNode.a === 1 && report.portableByNode?.a === 1;
    });
    expect(b.visits[0]?.request.headers['x-wscluster-revision']).toBe('1.2');
    client.socket.terminate();
  });

  it('goes to the next owner if the new one has lost the key already', async () => {
    const [a, b, c] = [
      await echoNode('a'),
      await rawNode('b', ({ socket }) => socket.end(MISDIRECTED)),
      await echoNode('c'),
    ];
    const nodes = [a, b, c];
    const test = await gatewayFor(...nodes);
    const client = await connectClient(test.gateway.port);
    moveTo(test, nodes, 1, 2);
    await eventually('the new owner is dialled', () => b.sockets[0]?.text.includes('\r\n\r\n') === true);
    moveTo(test, nodes, 2, 3);
    client.socket.send('for c');
    await eventually('the echo', () => client.messages.length === 1);
    await eventually('it is with the next owner', () => c.visits.length === 1);
    expect(client.closed).toBeUndefined();
    expect(await outcomes(test)).toEqual({ migrated: 1 });
    client.socket.terminate();
  });

  it('counts once, also if its old owner answers the Close with a reset', async () => {
    const a = await rawNode('a', (peer) => accept(peer));
    const b = await echoNode('b');
    const test = await gatewayFor(a, b);
    const client = await connectClient(test.gateway.port);
    const beside = await connectClient(test.gateway.port);
    moveTo(test, [a, b], 1, 2);
    await eventually(
      'both are to let go',
      () => a.sockets.length === 2 && a.sockets.every((s) => framesAt(s).length === 1),
    );
    a.sockets[0]?.socket.resetAndDestroy();
    a.sockets[1]?.socket.end();
    for (const { socket } of [client, beside]) socket.send('to b');
    await eventually('both echoes', () => client.messages.length + beside.messages.length === 2);
    expect(test.gateway.connections).toBe(2);
    client.socket.terminate();
    await eventually('the node is rid of it', () => b.openSockets.size === 1);
    await eventually('one is left', () => test.gateway.connections < 2);
    expect(test.gateway.connections).toBe(1);
    beside.socket.terminate();
    await eventually('nothing is left', () => b.openSockets.size === 0 && test.gateway.connections === 0);
  });

  it('is told when its new owner is lost, also if the old one had answered the Close with a reset', async () => {
    const { a, b, test, client, old } = await askedToLetGo();
    old.socket.resetAndDestroy();
    client.socket.send('to b');
    await eventually('the echo', () => client.messages.length === 1);
    await b.stop();
    moveTo(test, [a, b], 0, 3);
    await eventually('it is told', () => client.closed !== undefined);
    await eventually('nothing is left', () => test.gateway.connections === 0);
  });

  it('closes the connection to an old owner that understands it, so that its server sees no broken one', async () => {
    const { client, old } = await askedToLetGo(AWARE);
    old.socket.write(closeFrame(ownerChanged(1000)));
    await eventually('it is done', () => old.ended);
    expect(framesAt(old).map(([opcode]) => opcode)).toEqual([PING, CLOSE]);
    client.socket.terminate();
  });

  it('waits for the end of a fragmented message, and takes what comes behind it to the new owner', async () => {
    const [a, b] = [await echoNode('a'), await echoNode('b')];
    const test = await gatewayFor(a, b);
    const client = await connectClient(test.gateway.port);
    client.socket.send('one ', { fin: false });
    await eventually('the node has a connection', () => a.visits.length === 1);
    moveTo(test, [a, b], 1, 2);
    await eventually('the new owner is dialled', () => b.visits.length === 1);
    await noticed();
    client.socket.ping('between');
    client.socket.send('two', { fin: true });
    client.socket.send('three');
    await eventually('both echoes', () => client.messages.length === 2);
    expect(client.messages).toEqual(['one two', 'three']);
    expect([a.visits[0]?.messages, b.visits[0]?.messages]).toEqual([['one two'], ['three']]);
    client.socket.terminate();
  });

  it('goes on compressing, with nothing that is kept from message to message', async () => {
    const [a, b] = [await echoNode('a', { compress: true }), await echoNode('b', { compress: true })];
    const test = await gatewayFor(a, b);
    const messages: string[] = [];
    const socket = new WebSocket(`ws://127.0.0.1:${test.gateway.port}/connect/ada`, {
      perMessageDeflate: { threshold: 0 },
    });
    socket.on('message', (data) => messages.push(String(data)));
    await new Promise((resolve) => socket.once('open', resolve));
    const text = 'the same words again and again '.repeat(20);
    socket.send(text);
    await eventually('the echo', () => messages.length === 1);
    moveTo(test, [a, b], 1, 2);
    await eventually('the new owner has it', () => b.visits.length === 1);
    socket.send(text);
    await eventually('another echo', () => messages.length === 2);
    expect(messages).toEqual([text, text]);
    const chosen = [...a.visits, ...b.visits].map(({ socket: { extensions } }) => extensions);
    expect(chosen).toEqual(['permessage-deflate', 'permessage-deflate']);
    expect(await outcomes(test)).toEqual({ migrated: 1 });
    socket.terminate();
  });

  it('is released by a node that understands it behind the last message, and arrives with its state', async () => {
    const a = await rawNode('a', (peer) => accept(peer, undefined, AWARE));
    const b = await rawNode('b', (peer) => accept(peer, frame(1, 'from b'), AWARE));
    const test = await gatewayFor(a, b);
    const client = rawUpgrade(test.gateway.port, '/connect/ada', [], frame(1, 'last for a', { masked: true }));
    await eventually('the node has it', () => a.sockets[0] !== undefined && framesAt(a.sockets[0]).length === 1);
    await eventually('the client has its answer', () => client.text.endsWith('\r\n\r\n'));
    expect(client.text).toMatch(/^HTTP\/1.1 101 /);
    expect(client.text).not.toContain('X-WsCluster-Migrate');
    moveTo(test, [a, b], 1, 2);
    const [old] = a.sockets as [RawSocket];
    await eventually('it is asked', () => framesAt(old).length === 2);
    expect(framesAt(old)).toEqual([
      [1, 'last for a'],
      [9, `wscluster:release ${tokenOf(old)}`],
    ]);
    client.socket.write(frame(1, 'first for b', { masked: true }));
    old.socket.write(
      Buffer.concat([
        ...[frame(PONG, `wscluster:release ${tokenOf(old)}`), frame(1, 'work '), frame(1, 'done')],
        ...[frame(PONG, `wscluster:state ${tokenOf(old)}`), frame(BINARY, 'the state'), closeFrame(ownerChanged(1000))],
      ]),
    );
    const next = () => b.sockets[0] as RawSocket;
    await eventually('the new owner has all', () => framesAt(next()).length === 4);
    expect(framesAt(next())).toEqual([
      [9, `wscluster:state ${tokenOf(next())}`],
      [2, 'the state'],
      [9, `wscluster:begin ${tokenOf(next())}`],
      [1, 'first for b'],
    ]);
    await eventually('the client has all', () => client.text.endsWith('from b'));
    const frames = [frame(1, 'work '), frame(1, 'done'), frame(1, 'from b')];
    expect(client.received.subarray(client.received.indexOf('\r\n\r\n') + 4)).toEqual(Buffer.concat(frames));
    client.socket.destroy();
  });
});

describe('a migration that fails', () => {
  const closed = async (client: Awaited<ReturnType<typeof connectClient>>) => {
    await eventually('the client is told', () => client.closed !== undefined);
    return client.closed;
  };

  it.each<[what: string, answer: (peer: RawSocket) => void, outcome: string, use?: typeof hasty]>([
    ['refuses', ({ socket }) => socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'), 'new-owner-refused'],
    ['ends without an answer', ({ socket }) => socket.destroy(), 'new-owner-unreachable'],
    ['says that it lost the key', ({ socket }) => socket.end(MISDIRECTED), 'new-owner-refused'],
    ['never answers', () => {}, 'new-owner-unreachable', hasty],
    [
      'chooses a subprotocol',
      (peer) => accept(peer, undefined, ['Sec-WebSocket-Protocol: other']),
      'new-owner-disagreed',
    ],
  ])(
    'because the new owner %s: the client is told to reconnect, after its last message',
    async (_, answer, outcome, use = usual) => {
      const a = await use.echoNode('a');
      const b = await use.rawNode('b', answer);
      const test = await use.gatewayFor(a, b);
      const client = await connectClient(test.gateway.port);
      moveTo(test, [a, b], 1, 2);
      client.socket.send('still for a');
      expect(await closed(client)).toEqual({ code: 1012, reason: 'owner changed' });
      await eventually('the node has seen it all', () => a.visits[0]?.closeCode === 1012);
      expect(a.visits[0]?.messages).toEqual(['still for a']);
      expect(await outcomes(test)).toEqual({ [outcome]: 1 });
    },
  );

  it('because the client does not end its message: told at the next frame', async () => {
    const [a, b] = [await hasty.echoNode('a'), await hasty.echoNode('b')];
    const test = await hasty.gatewayFor(a, b);
    const client = await connectClient(test.gateway.port);
    client.socket.send('never ', { fin: false });
    await eventually('the node has a connection', () => a.visits.length === 1);
    moveTo(test, [a, b], 1, 2);
    expect(await closed(client)).toEqual({ code: 1012, reason: 'owner changed' });
    expect(await outcomes(test)).toEqual({ 'client-within-message': 1 });
    await eventually('the new owner is rid of it', () => b.openSockets.size === 0);
  });

  it('because the old owner never answers the Close', async () => {
    const a = await hasty.rawNode('a', (peer) => accept(peer));
    const b = await hasty.echoNode('b');
    const test = await hasty.gatewayFor(a, b);
    const client = await connectClient(test.gateway.port);
    moveTo(test, [a, b], 1, 2);
    expect(await closed(client)).toEqual({ code: 1012, reason: 'owner changed' });
    expect(await outcomes(test)).toEqual({ 'old-owner-silent': 1 });
    await eventually('the new owner is rid of it', () => b.openSockets.size === 0);
  });

  it('because the old owner dies within a message: the client cannot be told', async () => {
    const { test, client, old } = await askedToLetGo();
    old.socket.end(frame(1, 'half a message').subarray(0, 8));
    expect(await closed(client)).toEqual({ code: 1006, reason: '' });
    expect(await outcomes(test)).toEqual({ 'old-owner-broken': 1 });
  });

  it('because the new owner dies while the client sends on: nothing is lost, and its own Close is answered', async () => {
    const a = await rawNode('a', (peer) => accept(peer, undefined, AWARE));
    const b = await rawNode('b', (peer) => accept(peer));
    const test = await gatewayFor(a, b);
    const old = () => framesAt(a.sockets[0] as RawSocket);
    const client = rawUpgrade(test.gateway.port, '/connect/ada');
    await eventually('it is open', () => client.text.includes('\r\n\r\n'));
    const masked = { masked: true };
    client.socket.write(frame(TEXT, 'half ', { fin: false, ...masked }));
    await eventually('the old owner has a part of a message', () => old()[0]?.[1] === 'half ');
    moveTo(test, [a, b], 1, 2);
    await eventually('the new owner is asked', () => b.sockets[0]?.text.includes('\r\n\r\n') === true);
    await noticed();
    client.socket.write(Buffer.concat([frame(0, 'end', masked), frame(TEXT, 'behind', masked)]));
    await eventually('the old owner is asked', () => old().at(-1)?.[0] === PING);
    expect(
      old()
        .map(([, text]) => text)
        .slice(0, -1),
    ).toEqual(['half ', 'end']);
    const torn = frame(TEXT, 'torn', masked);
    client.socket.write(torn.subarray(0, 8));
    await noticed();
    b.sockets[0]?.socket.destroy();
    const close = closeFrame(ownerChanged(1012));
    await eventually('the client is told', () => client.received.indexOf(close) > 0);
    client.socket.write(Buffer.concat([torn.subarray(8), frame(CLOSE, close.toString('latin1', 2), masked)]));
    await eventually('the node has all of it', () => old().at(-1)?.[0] === CLOSE);
    const said = old().filter(([opcode]) => opcode === TEXT || opcode === 0);
    expect(said.map(([, text]) => text)).toEqual(['half ', 'end', 'behind', 'torn']);
    await eventually('the gateway ends the connection', () => client.ended);
    client.socket.end();
    await eventually('nothing is left', () => test.gateway.connections === 0);
  });

  it('because the new owner dies within a message of the old one, which the client gets before it is told', async () => {
    const a = await rawNode('a', (peer) => accept(peer, undefined, AWARE));
    const b = await rawNode('b', (peer) => accept(peer));
    const test = await gatewayFor(a, b);
    const client = await connectClient(test.gateway.port);
    const [old] = a.sockets as [RawSocket];
    const message = frame(TEXT, 'a whole message');
    old.socket.write(message.subarray(0, 8));
    moveTo(test, [a, b], 1, 2);
    await eventually('the old owner is asked', () => framesAt(old).length === 1);
    b.sockets[0]?.socket.destroy();
    while ((await outcomes(test))['new-owner-broken'] !== 1) await nextTurn();
    old.socket.write(message.subarray(8));
    expect(await closed(client)).toEqual({ code: 1012, reason: 'owner changed' });
    expect(client.messages).toEqual(['a whole message']);
  });

  it('because the old owner closes the connection itself: its Close is for the client', async () => {
    const { b, test, client, old } = await askedToLetGo(AWARE);
    old.socket.write(closeFrame({ code: 4001, reason: 'kicked' }));
    expect(await closed(client)).toEqual({ code: 4001, reason: 'kicked' });
    expect(await outcomes(test)).toEqual({ 'old-owner-broken': 1 });
    await eventually('the new owner is rid of it', () => b.openSockets.size === 0);
  });

  it('because the gateway stops', async () => {
    const { test, client } = await askedToLetGo(AWARE);
    await test.gateway.stop();
    expect(await closed(client)).toEqual({ code: 1012, reason: 'owner changed' });
    expect(await countedBy(test.gateway)).toEqual({ 'given-up': 1 });
  });

  it('because the new owner dies before the old one has let go', async () => {
    const a = await rawNode('a', (peer) => accept(peer, undefined, AWARE));
    const b = await rawNode('b', (peer) => accept(peer));
    const test = await gatewayFor(a, b);
    const client = await connectClient(test.gateway.port);
    moveTo(test, [a, b], 1, 2);
    const [old] = a.sockets as [RawSocket];
    await eventually('the old owner is asked', () => framesAt(old).length === 1);
    b.sockets[0]?.socket.destroy();
    expect(await closed(client)).toEqual({ code: 1012, reason: 'owner changed' });
    expect(await outcomes(test)).toEqual({ 'new-owner-broken': 1 });
  });

  it('because the client leaves meanwhile: both nodes are rid of it', async () => {
    const { b, test, client } = await askedToLetGo(AWARE);
    client.socket.terminate();
    await eventually('nothing is left', () => test.gateway.connections === 0 && b.openSockets.size === 0);
    expect(await outcomes(test)).toEqual({ 'client-closing': 1 });
  });

  it('does not happen if the owner is the present node again', async () => {
    const a = await echoNode('a');
    const b = await rawNode('b');
    const test = await gatewayFor(a, b);
    const client = await connectClient(test.gateway.port);
    moveTo(test, [a, b], 1, 2);
    await eventually('the new owner is dialled', () => b.sockets[0]?.text.includes('\r\n\r\n') === true);
    moveTo(test, [a, b], 0, 3);
    accept(b.sockets[0] as RawSocket);
    client.socket.send('still here');
    await eventually('the echo', () => client.messages.length === 1);
    expect(client.closed).toBeUndefined();
    expect(await outcomes(test)).toEqual({ stayed: 1 });
    client.socket.terminate();
  });
});
