import { setImmediate as nextTurn } from 'node:timers/promises';
import { DEFAULT_MOVE_SETTINGS } from '@wscluster/ring';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Client, connectClient } from '../testing/client.ts';
import { eventually } from '../testing/eventually.ts';
import { type GatewayUnderTest, startTestGateway } from '../testing/gateway-under-test.ts';
import { startHandingOverNode } from '../testing/handing-over-node.ts';
import type { ListeningNode } from '../testing/listening-node.ts';
import { countedBy } from '../testing/migrations.ts';
import { revision, ringMessage, ringOf, SETTINGS } from '../testing/rings.ts';

const settings = { ...SETTINGS, moves: { ...DEFAULT_MOVE_SETTINGS, mode: 'migrate' as const } };
const LIMITS = { closeMs: 1_000 };

/** What has happened so far. */
interface Model {
  sent: number;
  withinMessage: boolean;
  closed: boolean;
}

interface Real {
  readonly test: GatewayUnderTest;
  readonly nodes: readonly ListeningNode[];
  readonly client: Client;
  version: number;
}

type Command = fc.AsyncCommand<Model, Real>;

const command = (
  name: string,
  run: (model: Model, real: Real) => void | Promise<void>,
  check = (_: Model) => true,
): Command => ({
  toString: () => name,
  check,
  run: async (model, real) => run(model, real),
});

const between = ({ withinMessage }: Model) => !withinMessage;

const COMMANDS = [
  fc.constantFrom(0, 1).map((index) =>
    command(`the owner is ${index}`, (_, real) => {
      const ring = ringOf(revision(++real.version), real.nodes, () => index);
      real.test.broadcast(ringMessage(ring, undefined, settings));
    }),
  ),
  fc
    .nat({ max: 70_000 })
    .map((size) =>
      command(
        `a message of ${size}`,
        (model, { client }) => client.socket.send(`${model.sent++}${'.'.repeat(size)}`),
        between,
      ),
    ),
  fc.constant(
    command(
      'half a message',
      (model, { client }) => {
        model.withinMessage = true;
        client.socket.send(`${model.sent++}`, { fin: false });
      },
      between,
    ),
  ),
  fc.constant(
    command(
      'the other half',
      (model, { client }) => {
        model.withinMessage = false;
        client.socket.send('...', { fin: true });
      },
      ({ withinMessage }) => withinMessage,
    ),
  ),
  fc.constant(
    command(
      'the other half, and a message behind it',
      (model, { client }) => {
        model.withinMessage = false;
        client.socket.send('...', { fin: true });
        client.socket.send(`${model.sent++}`);
      },
      ({ withinMessage }) => withinMessage,
    ),
  ),
  fc.constant(command('a ping', (_, { client }) => client.socket.ping('ping'))),
  fc.nat({ max: 150 }).map((turns) =>
    command(`${turns} turns`, async () => {
      for (let turn = 0; turn < turns; turn++) await nextTurn();
    }),
  ),
];

async function migrations({ gateway }: GatewayUnderTest): Promise<number> {
  return (await countedBy(gateway)).migrated ?? 0;
}

describe('a connection whose owner changes at any moment', () => {
  it('is one connection to the client, and one session to the nodes: each message is answered once, in order', async () => {
    let migrated = 0;
    const nodes = [await startHandingOverNode('a'), await startHandingOverNode('b')];
    const first = ringMessage(
      ringOf(revision(1), nodes, () => 0),
      undefined,
      settings,
    );
    try {
      await fc.assert(
        fc.asyncProperty(fc.commands(COMMANDS, { maxCommands: 60, size: 'max' }), async (commands) => {
          const test = await startTestGateway(first, { limits: LIMITS });
          const client = await connectClient(test.gateway.port);
          const model: Model = { sent: 0, withinMessage: false, closed: false };
          const real: Real = { test, nodes, client, version: 1 };
          try {
            await fc.asyncModelRun(() => ({ model, real }), commands);
            if (model.withinMessage) client.socket.send('...', { fin: true });
            await eventually('all answers', () => client.messages.length >= model.sent || client.closed !== undefined);
            const heads = client.messages.map((message) => message.replace(/\.+$/, ''));
            expect(heads).toEqual(Array.from({ length: model.sent }, (_, i) => `${i + 1}: ${i}`));
            expect(client.closed).toBeUndefined();
            expect(test.gateway.connections).toBe(1);
            migrated += await migrations(test);
          } finally {
            client.socket.terminate();
            await eventually('nothing is left', () => test.gateway.connections === 0 && test.gateway.sockets === 0);
            await test.gateway.stop();
          }
          await eventually('no node has a connection', () => nodes.every(({ openSockets }) => openSockets.size === 0));
        }),
        { numRuns: 40 },
      );
      // Else it has shown nothing.
      expect(migrated).toBeGreaterThan(10);
    } finally {
      for (const node of nodes) await node.stop();
    }
  }, 120_000);
});
