import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type Broadcast,
  createRing,
  type Member,
  nextTable,
  REVISION_ZERO,
  type Release,
  type Reporting,
  type Ring,
} from '@wscluster/ring';
import { silentLogger } from '@wscluster/service';
import { rabbitmqServer, redisServer } from '@wscluster/testbed';
import { openAmqpHub, openRedisStore } from '@wscluster/transport';
import { connect } from 'amqplib';
import { DEFAULT_INTERVALS } from '../controller/src/core/loop/intervals.ts';
import { Publisher } from '../controller/src/core/publish/publisher.ts';
import { atMost, type BenchResult, median } from './result.ts';
import { type FanoutMessage, monotonicMs } from './ring-fanout-messages.ts';

const PROCESSES = 10;
const RINGS = 400;
const WARM_UP = 100;
const PAUSE_MS = 40;
/** As the controller has it. */
const HEARTBEAT_MS = 1_000;
const REPORTING: Reporting = { wholeOf: [], spreadMs: 10 };
const NODES = 10;
/** What a step of 500 connections a second moves of 50,000. */
const MOVED = 655;
const LIMIT_MS = 10;
const MOST_TIMES_BARE = 2;

/**
 * Rings over a real RabbitMQ to ten gateway processes, from the call that publishes to the moment that a gateway routes
 * by the ring; and, in turn with them, the same bytes over a bare fanout to ten bare consumers, from publish to
 * receipt.
 */
export async function run(): Promise<BenchResult[]> {
  const redis = await redisServer();
  const rabbitmq = await rabbitmqServer();
  const groups: Group[] = [];
  try {
    const gateways = await Group.start('gateway', rabbitmq.url, redis.url);
    groups.push(gateways);
    const bare = await Group.start('bare', rabbitmq.url, redis.url);
    groups.push(bare);
    return await measure(rabbitmq.url, redis.url, gateways, bare);
  } finally {
    await Promise.all(groups.map((group) => group.stop()));
    await Promise.all([redis.dispose(), rabbitmq.dispose()]);
  }
}

async function measure(rabbitmqUrl: string, redisUrl: string, gateways: Group, bare: Group): Promise<BenchResult[]> {
  const hub = await openAmqpHub({ url: rabbitmqUrl, cluster: CLUSTER, log: silentLogger }, { onUplink: () => {} });
  const store = openRedisStore({ url: redisUrl, cluster: CLUSTER, log: silentLogger });
  const connection = await connect(rabbitmqUrl, { noDelay: true });
  const channel = await connection.createConfirmChannel();
  // What the controller does with a ring, with a look at the clock and at what is sent.
  let sent: { at: number; message: Broadcast | undefined } = { at: 0, message: undefined };
  const publisher = new Publisher({
    ...{ cluster: CLUSTER, store, log: silentLogger, storeFirstMs: DEFAULT_INTERVALS.storeFirstMs },
    standingIn: () => false,
    onStoreLost() {},
    bus: {
      get connectedSince() {
        return hub.connectedSince;
      },
      broadcast(message) {
        if (message.type !== 'heartbeat') sent = { at: monotonicMs(), message };
        return hub.broadcast(message);
      },
      close: () => hub.close(),
    },
  });
  const ours: number[] = [];
  const theirs: number[] = [];
  const before: number[] = [];
  const sizes: number[] = [];
  // Without them the gateways would take the controller for dead, and read whole rings from the store every 2 s.
  let release: Release = { movableUpTo: REVISION_ZERO, spreadMs: 0, maxPerSecond: 0 };
  const beats = setInterval(() => void publisher.heartbeat(release, REPORTING), HEARTBEAT_MS);
  try {
    for (const ring of rings()) {
      const { version } = ring.revision;
      const started = monotonicMs();
      release = { movableUpTo: ring.revision, spreadMs: 0, maxPerSecond: 0 };
      void publisher.publish({ ring, release, settings: SETTINGS, vacancies: [] });
      const applied = await gateways.all(version);
      const { at, message } = sent;
      const payload = Buffer.from(JSON.stringify(message));
      await delay(PAUSE_MS);

      const bareAt = monotonicMs();
      channel.publish(`bench.${CLUSTER}`, '', payload, { messageId: String(version) });
      const received = await bare.all(version);
      await delay(PAUSE_MS);
      if (version <= WARM_UP) continue;
      sizes.push(payload.length);
      before.push(at - started);
      ours.push(...applied.map((time) => time - at));
      theirs.push(...received.map((time) => time - bareAt));
    }
  } finally {
    clearInterval(beats);
    await Promise.all([hub.close(), store.close(), connection.close()]);
  }
  const [applied, received] = [percentile(ours, 0.99), percentile(theirs, 0.99)];
  const shares =
    `${RINGS - WARM_UP} rings of ${NODES} nodes with ${MOVED} slots moved, ${median(sizes)} bytes; median ${ms(median(ours))}, of which to a bare consumer ${ms(median(theirs))}, ` +
    `reading and applying ${ms(median(ours) - median(theirs))}; before it, encoding and saving in Redis ${ms(median(before))}`;
  return [
    atMost(`publish to applied on ${PROCESSES} gateways over RabbitMQ, p99`, applied, LIMIT_MS, 'ms', shares),
    atMost(
      'the same, as a multiple of a bare fanout',
      applied / received,
      MOST_TIMES_BARE,
      'x',
      `bare p99 ${ms(received)}`,
    ),
  ];
}

const CLUSTER = 'bench';

const SETTINGS = { routes: [{ path: '/websocket/connect/{userId}', key: { param: 'userId' } }] };

/** Rings that each move some slots. */
function* rings(): Generator<Ring> {
  const members: Member[] = Array.from({ length: NODES }, (_, ringId) => ({
    ringId,
    nodeId: `node-${ringId}`,
    address: `127.0.0.1:${9000 + ringId}`,
    weight: 1,
    state: 'ready',
  }));
  const table = nextTable({ members });
  for (let version = 1; version <= RINGS; version++) {
    for (let n = 0; n < MOVED; n++) table[(version * 7919 + n * 613) % table.length] = (version + n) % NODES;
    yield createRing({ epoch: 1, version }, members, table.slice());
  }
}

class Group {
  readonly #children: ChildProcess[];
  readonly #times = new Map<number, number[]>();
  #wake: () => void = () => {};

  private constructor(children: ChildProcess[]) {
    this.#children = children;
    for (const child of children)
      child.on('message', (message: FanoutMessage) => {
        if (!('version' in message)) return;
        this.#times.set(message.version, [...(this.#times.get(message.version) ?? []), message.at]);
        this.#wake();
      });
  }

  static async start(role: 'gateway' | 'bare', rabbitmqUrl: string, redisUrl: string): Promise<Group> {
    const file = fileURLToPath(new URL('ring-fanout-role.ts', import.meta.url));
    const children = Array.from({ length: PROCESSES }, () => fork(file, [role, rabbitmqUrl, redisUrl, CLUSTER]));
    await Promise.all(children.map((child) => once(child, 'message')));
    return new Group(children);
  }

  /** When each process had it, monotonic ms. */
  async all(version: number): Promise<number[]> {
    while ((this.#times.get(version)?.length ?? 0) < PROCESSES)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return this.#times.get(version) ?? [];
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        const exit = once(child, 'exit');
        child.disconnect();
        await exit;
      }),
    );
  }
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? Number.NaN;
}

function ms(value: number): string {
  return `${value.toFixed(2)} ms`;
}
