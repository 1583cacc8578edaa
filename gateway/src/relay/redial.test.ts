import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { connectClient } from '../testing/client.ts';
import { eventually } from '../testing/eventually.ts';
import type { GatewayUnderTest } from '../testing/gateway-under-test.ts';
import { framesAt, MIGRATING, moveTo, outcomes } from '../testing/migrations.ts';
import { noticed } from '../testing/noticed.ts';
import { accept, frame, type RawSocket, rawUpgrade } from '../testing/raw-socket.ts';
import type { TestNode } from '../testing/rings.ts';
import { useGateway } from '../testing/use-gateway.ts';
import { closeFrame, ownerLost } from './close-frame.ts';

const TEXT = 1;
const settings = { ...MIGRATING, moves: { ...MIGRATING.moves, onLost: 'redial' as const } };
const LIMITS = { closeMs: 1_000, nodeCloseMs: 1_000 };
const { gatewayFor, echoNode, rawNode } = useGateway({ ...LIMITS, ownerWaitMs: 60_000 }, settings);
/** Where clients wait in vain for an owner. */
const impatient = useGateway({ ...LIMITS, ownerWaitMs: 2_000 }, settings);

/** The second node is the owner. */
const move = (test: GatewayUnderTest, nodes: readonly TestNode[]) => moveTo(test, nodes, 1, 2, settings);

/** A client that the first node has answered. */
async function served({ gateway }: GatewayUnderTest): Promise<Awaited<ReturnType<typeof connectClient>>> {
  const client = await connectClient(gateway.port);
  client.socket.send('before');
  await eventually('the echo', () => client.messages.length === 1);
  return client;
}

describe('the client of a node that dies, with onLost redial', () => {
  it('goes on at the new owner, as soon as there is one', async () => {
    const [a, b] = [await echoNode('a'), await echoNode('b')];
    const test = await gatewayFor(a, b);
    const client = await served(test);
    await a.stop();
    await noticed();
    client.socket.send('while nobody is there');
    move(test, [a, b]);
    await eventually('it is with the new owner', () => b.visits[0]?.messages.length === 1);
    await eventually('the echo', () => client.messages.length === 2);
    expect(client.messages).toEqual(['before', 'while nobody is there']);
    expect(b.visits[0]?.request.headers).toMatchObject({
      'x-wscluster-migrated-from': 'a',
      'x-wscluster-state': 'lost',
    });
    expect(client.closed).toBeUndefined();
    expect(test.gateway.connections).toBe(1);
    expect(await outcomes(test)).toEqual({ redialled: 1 });
    client.socket.terminate();
  });

  it('goes on, also if it was on its way to another owner already', async () => {
    const [a, b] = [await echoNode('a'), await rawNode('b')];
    const test = await gatewayFor(a, b);
    const client = await served(test);
    move(test, [a, b]);
    await eventually('the new owner is dialled', () => b.sockets[0]?.text.includes('\r\n\r\n') === true);
    await a.stop();
    await eventually('it is dialled again', () => b.sockets[1]?.text.includes('\r\n\r\n') === true);
    await eventually('the first dial is given up', () => b.sockets[0]?.closed === true || b.sockets[0]?.ended === true);
    accept(b.sockets[1] as RawSocket, frame(TEXT, 'from b'));
    await eventually('the new owner is heard', () => client.messages.length === 2);
    expect(client.closed).toBeUndefined();
    expect(await outcomes(test)).toEqual({ redialled: 1 });
    client.socket.terminate();
  });

  it('is told to reconnect if no other node takes it, or if it was within a message', async () => {
    const [a, b] = [await echoNode('a'), await rawNode('b', ({ socket }) => socket.destroy())];
    const test = await impatient.gatewayFor(a, b);
    const [whole, half] = [await connectClient(test.gateway.port), await connectClient(test.gateway.port, 'half')];
    half.socket.send('half a ', { fin: false });
    await eventually('both are there', () => a.visits.length === 2);
    await a.stop();
    await noticed();
    move(test, [a, b]);
    await eventually('both are told', () => whole.closed !== undefined && half.closed !== undefined);
    expect([whole.closed, half.closed]).toEqual(Array(2).fill({ code: 1012, reason: 'owner lost' }));
    expect(await outcomes(test)).toEqual({ 'node-lost': 2 });
  });

  it.each([false, true])(
    'goes on in the middle of its traffic, compressed: %s; nothing is doubled or out of order',
    async (compress) => {
      const nodes = [await echoNode('a', { compress }), await echoNode('b', { compress })];
      const [a, b] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
      const test = await gatewayFor(a, b);
      const client = await connectClient(test.gateway.port);
      /** What each node says by itself, with a count over both. */
      const said: [string[], string[]] = [[], []];
      let [sent, count] = [0, 0];
      const talk = setInterval(() => {
        client.socket.send(`${sent++} ${'and so on '.repeat(sent % 50)}`);
        for (const [index, { visits }] of nodes.entries()) {
          const [visit] = visits;
          if (visit?.socket.readyState !== WebSocket.OPEN) continue;
          const text = `said ${count++}`;
          said[index]?.push(text);
          visit.socket.send(text);
        }
      }, 1);
      await eventually('it talks', () => client.messages.length > 40);
      await a.stop();
      const before = sent;
      await eventually('it goes on talking', () => sent > before + 5);
      move(test, nodes);
      await eventually('the new owner has it', () => (b.visits[0]?.messages.length ?? 0) > 20);
      clearInterval(talk);
      const numbers = (texts: readonly string[] = []) => texts.map((text) => Number.parseInt(text, 10));
      const echoes = () => numbers(client.messages.filter((text) => !text.startsWith('said')));
      await eventually('the last echo', () => echoes().at(-1) === sent - 1);
      await eventually('the last of what the new owner says', () => client.messages.includes(said[1].at(-1) ?? ''));

      const [atA, atB] = [numbers(a.visits[0]?.messages), numbers(b.visits[0]?.messages)];
      const first = atB[0] ?? 0;
      expect(atA).toEqual(atA.map((_, index) => index));
      expect(first).toBeGreaterThanOrEqual(atA.length);
      expect(atB).toEqual(Array.from({ length: sent - first }, (_, index) => first + index));
      // Of a node that died the client has the first part, of the new one all.
      const ofA = echoes().filter((number) => number < first);
      expect(echoes()).toEqual([...atA.slice(0, ofA.length), ...atB]);
      const heard = client.messages.filter((text) => text.startsWith('said'));
      expect(heard).toEqual([...said[0].slice(0, heard.length - said[1].length), ...said[1]]);

      expect(b.visits.map(({ request: { headers } }) => headers['x-wscluster-state'])).toEqual(['lost']);
      expect(b.visits[0]?.socket.extensions).toBe(compress ? 'permessage-deflate' : '');
      expect(client.closed).toBeUndefined();
      expect(await outcomes(test)).toEqual({ redialled: 1 });
      client.socket.terminate();
    },
  );

  it('continues at the new owner within a message that it began while nobody had it', async () => {
    const [a, b] = [await rawNode('a', (peer) => accept(peer)), await rawNode('b')];
    const test = await gatewayFor(a, b);
    const client = rawUpgrade(test.gateway.port, '/connect/ada');
    await eventually('it is open', () => client.text.includes('\r\n\r\n'));
    await a.stop();
    move(test, [a, b]);
    // Before the death is noticed it may be dialled for an ordinary move.
    const redialled = () => b.sockets.find(({ text }) => /state: lost\r\n[\s\S]*\r\n\r\n/i.test(text));
    await eventually('the new owner is dialled', () => redialled() !== undefined);
    const message = frame(TEXT, 'for the new owner', { masked: true });
    client.socket.write(message.subarray(0, 9));
    const next = redialled() as RawSocket;
    accept(next);
    await eventually('it has the first part', () => next.received.length - next.received.indexOf('\r\n\r\n') > 4);
    client.socket.write(message.subarray(9));
    await eventually(
      'it has the message',
      () => framesAt(next).length === 1 && framesAt(next)[0]?.[1] === 'for the new owner',
    );
    client.socket.destroy();
  });

  const half = frame(TEXT, 'half a ', { fin: false });
  const told = closeFrame(ownerLost(1012));
  it.each([
    ['a frame of the client', 'client', frame(TEXT, 'half a frame', { masked: true }).subarray(0, 9), told],
    ['a message of the client', 'client', frame(TEXT, 'half a ', { fin: false, masked: true }), told],
    ['a message of the node', 'node', half, Buffer.concat([half, told])],
    // There is no place for a Close.
    ['a frame of the node', 'node', half.subarray(0, 5), half.subarray(0, 5)],
  ] as const)(
    'is no longer served if its node dies within %s: no other node gets the rest',
    async (_, from, part, seen) => {
      const [a, b] = [await rawNode('a', (peer) => accept(peer)), await rawNode('b', (peer) => accept(peer))];
      const test = await gatewayFor(a, b);
      const client = rawUpgrade(test.gateway.port, '/connect/ada');
      const behindHead = ({ received }: RawSocket) => received.subarray(received.indexOf('\r\n\r\n') + 4);
      await eventually('it is open', () => client.text.includes('\r\n\r\n'));
      const [old] = a.sockets as [RawSocket];
      const [source, target] = from === 'client' ? [client, old] : [old, client];
      source.socket.write(part);
      await eventually('the part has arrived', () => behindHead(target).length === part.length);
      await a.stop();
      move(test, [a, b]);
      await eventually('the client is told, or cut off', () => client.ended || behindHead(client).equals(seen));
      if (!client.ended) {
        client.socket.write(frame(TEXT, 'the rest', { masked: true }));
        client.socket.end(frame(8, '', { masked: true }));
      } else client.socket.destroy();
      await eventually('nothing is left', () => test.gateway.connections === 0);
      expect(behindHead(client)).toEqual(seen);
      expect(b.sockets.flatMap(framesAt)).toEqual([]);
    },
  );
});
