import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MoveSettings } from '@wscluster/ring';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import type { Client } from './client.ts';
import type { GatewayUnderTest } from './gateway-under-test.ts';
import type { HandingOverNode, Reception, Seen } from './handing-over-node.ts';
import { MIGRATING, moveTo } from './migrations.ts';

/** What has happened so far, as far as it decides what may follow. */
export interface Model {
  /** Messages that the client has begun. */
  sent: number;
  withinMessage: boolean;
  /** The client's connection has ended: nothing that follows means anything. */
  over: boolean;
  /** What has gone wrong. */
  readonly faults: Set<Fault>;
}

export type Fault = Exclude<Reception, 'accepts'> | 'broke off' | 'died' | 'client left' | 'gateway stopped' | 'hasty';

export interface Real {
  readonly test: GatewayUnderTest;
  readonly nodes: readonly HandingOverNode[];
  readonly client: Client;
  readonly seen: readonly Seen[];
  readonly onLost: MoveSettings['onLost'];
  /** The index of the owner of all slots. */
  owner: number;
  version: number;
  /** Ends what has been begun. */
  readonly ends: Promise<void>[];
}

export type Command = fc.AsyncCommand<Model, Real>;

/** Of the node that may die; the others live on. */
const MORTAL = 0;
export const NODES = 3;

function command(
  name: string,
  run: (model: Model, real: Real) => void | Promise<void>,
  check = (_: Model) => true,
): Command {
  return {
    toString: () => name,
    check: (model) => !model.over && check(model),
    run: async (model, real) => run(model, real),
  };
}

/** The owner of all slots is another node. */
export function own(real: Real, owner: number): void {
  real.owner = owner;
  const moves = { ...MIGRATING.moves, onLost: real.onLost };
  moveTo(real.test, real.nodes, owner, ++real.version, { ...MIGRATING, moves });
}

/** The client begins a message, if it still can. */
export function begin(model: Model, { client }: Real, fin: boolean, size = 0): void {
  if (client.socket.readyState !== WebSocket.OPEN) return;
  client.socket.send(`${model.sent++}${'.'.repeat(size)}`, { fin });
  model.withinMessage = !fin;
}

export function finish(model: Model, { client }: Real): void {
  if (client.socket.readyState !== WebSocket.OPEN) return;
  client.socket.send('...', { fin: true });
  model.withinMessage = false;
}

const between = ({ withinMessage }: Model) => !withinMessage;
const within = ({ withinMessage }: Model) => withinMessage;
const only = (fault: Fault) => (model: Model) => !model.faults.has(fault);
const anyNode = fc.nat({ max: NODES - 1 });

const CHANGES = anyNode.map((index) => command(`the owner is ${index}`, (_, real) => own(real, index)));

const TALK = fc.oneof(
  fc.nat({ max: 70_000 }).map((size) => {
    return command(`a message of ${size}`, (model, real) => begin(model, real, true, size), between);
  }),
  fc.constant(command('half a message', (model, real) => begin(model, real, false), between)),
  fc.constant(command('the other half', finish, within)),
  fc.constant(
    command(
      'the other half, and a message behind it',
      (model, real) => {
        finish(model, real);
        begin(model, real, true);
      },
      within,
    ),
  ),
  fc.constant(command('a ping', (_, { client }) => client.socket.ping('ping', undefined, () => {}))),
);

const TURNS = fc.nat({ max: 80 }).map((turns) =>
  command(`${turns} turns`, async () => {
    for (let turn = 0; turn < turns; turn++) await nextTurn();
  }),
);

const RECEPTIONS: readonly Reception[] = ['accepts', 'refuses', 'disagrees', 'hangs', 'dies', 'dies behind its 101'];

/** A fault of a node shows when it is dialled, or asked to let go; until then it may be mended again. */
const NODE_FAULTS = fc.oneof(
  fc.tuple(anyNode, fc.constantFrom(...RECEPTIONS)).map(([index, reception]) =>
    command(`node ${index} ${reception}`, (_, { nodes }) => {
      (nodes[index] as HandingOverNode).reception = reception;
    }),
  ),
  fc.tuple(anyNode, fc.boolean()).map(([index, clings]) =>
    command(`node ${index} ${clings ? 'clings to' : 'lets go of'} connections`, (_, { nodes }) => {
      const node = nodes[index] as HandingOverNode;
      if (clings) node.clings = true;
      else node.calm();
    }),
  ),
);

/** Most of these end the connection, so they are rare. */
const ENDS = fc.oneof(
  anyNode.map((index) =>
    command(`node ${index} breaks off`, (model, { nodes }) => {
      model.faults.add('broke off');
      nodes[index]?.breakOff();
    }),
  ),
  fc.constant(
    command(
      `node ${MORTAL} dies`,
      (model, { nodes, ends }) => {
        model.faults.add('died');
        ends.push((nodes[MORTAL] as HandingOverNode).stop());
      },
      only('died'),
    ),
  ),
  fc.constantFrom('vanishes', 'closes').map((how) =>
    command(
      `the client ${how}`,
      (model, { client }) => {
        model.faults.add('client left');
        if (how === 'vanishes') client.socket.terminate();
        else client.socket.close(4000);
      },
      only('client left'),
    ),
  ),
  fc.constant(
    command(
      'the gateway stops',
      (model, { test, ends }) => {
        model.faults.add('gateway stopped');
        ends.push(test.gateway.stop());
      },
      only('gateway stopped'),
    ),
  ),
);

export const COMMANDS = fc.commands(
  [
    fc.oneof(
      { weight: 10, arbitrary: TALK },
      { weight: 8, arbitrary: TURNS },
      { weight: 5, arbitrary: CHANGES },
      { weight: 4, arbitrary: NODE_FAULTS },
      { weight: 1, arbitrary: ENDS },
    ),
  ],
  { maxCommands: 60, size: 'max' },
);
