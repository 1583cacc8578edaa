import { randomBytes } from 'node:crypto';
import { dockerEngine, rabbitmqServer, redisServer } from '@wscluster/testbed';
import Docker from 'dockerode';
import { nodeImage } from '../test/contracts/support/docker-scene.ts';
import type { LoggedProcess } from '../test/e2e/support/processes.ts';
import { System } from '../test/e2e/support/system.ts';
import { until } from '../test/e2e/support/wait.ts';
import { atMost, type BenchResult, median } from './result.ts';

const ROUNDS = 25;
const LIMIT_MS = 50;

/**
 * From Docker's event that a container is healthy, as an independent watcher gets it, to the moment that the last of
 * two gateways routes to it. Real Docker, RabbitMQ and Redis; two nodes are there already, the third comes again and
 * again.
 */
export async function run(): Promise<BenchResult[]> {
  const engine = await dockerEngine();
  const redis = await redisServer();
  const rabbitmq = await rabbitmqServer();
  const name = `bench-${randomBytes(3).toString('hex')}`;
  let system: System | undefined;
  try {
    const image = await nodeImage(engine);
    const start = async () =>
      (
        await engine.docker(
          ...['run', '--detach', '--init', '--label', `wscluster.io/cluster=${name}`],
          ...['--health-cmd', 'true', '--health-interval', '1s', image],
        )
      ).trim();
    for (let n = 0; n < 2; n++) await start();
    system = await System.start({
      name,
      nodes: 2,
      nodeSettings: { replicas: 0, drainSeconds: 1 },
      brokers: { rabbitmqUrl: rabbitmq.url, redisUrl: redis.url },
      controllerEnv: { WSCLUSTER_SOURCE: 'docker', WSCLUSTER_DOCKER_HOST: engine.host },
      rebalance: { maxConnectionsPerSecond: 0, replacementSeconds: 0 },
    });
    const healthy = await watchHealth(engine.host);
    const rounds: Round[] = [];
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const id = await start();
        await until(
          'it is healthy and routed',
          () => healthy.at.has(id) && routedAt(system as System, 3, healthy.at.get(id) ?? 0) !== undefined,
        );
        rounds.push(look(system, healthy.at.get(id) ?? 0));
        await engine.docker('rm', '--force', id);
        await system.settled(2);
      }
    } finally {
      healthy.stop();
    }
    const total = rounds.map(({ totalMs }) => totalMs);
    const worst = total.toSorted((a, b) => a - b)[Math.ceil(ROUNDS * 0.99) - 1] ?? Number.NaN;
    const part = (of: (round: Round) => number) => median(rounds.map(of)).toFixed(0);
    return [
      atMost(
        "from Docker's health event to routed on all gateways, p99",
        worst,
        LIMIT_MS,
        'ms',
        `${ROUNDS} rounds, median ${median(total).toFixed(0)} ms: ${part((r) => r.decidedMs)} until the ring is made (listing, target), ${part((r) => r.totalMs - r.decidedMs)} until it is applied (encoding, Redis, RabbitMQ, gateways); whole milliseconds, from logs. The ancestor sleeps 8,000 ms`,
      ),
    ];
  } finally {
    await system?.stop();
    await engine.dispose();
    await Promise.all([redis.dispose(), rabbitmq.dispose()]);
  }
}

interface Round {
  readonly totalMs: number;
  /** Until the controller has a ring to publish. */
  readonly decidedMs: number;
}

function look(system: System, healthyAt: number): Round {
  const decided = firstAfter(system.controller, 'ring-published', 3, healthyAt) ?? Number.NaN;
  return { totalMs: (routedAt(system, 3, healthyAt) ?? Number.NaN) - healthyAt, decidedMs: decided - healthyAt };
}

/** Unix ms when the last gateway routed by a ring of so many members. */
function routedAt(system: System, members: number, after: number): number | undefined {
  const times = system.gateways.map(({ process }) => firstAfter(process, 'ring-applied', members, after));
  return times.includes(undefined) ? undefined : Math.max(...(times as number[]));
}

/** Clocks of logs have whole milliseconds; an event may seem to come before its cause by one. */
function firstAfter(process: LoggedProcess, event: string, members: number, after: number): number | undefined {
  return process.lines
    .filter((line) => line.event === event && line.members === members)
    .map((line) => Date.parse(String(line.time)))
    .find((at) => at >= after - 1);
}

/** Unix ms when each container became healthy, as Docker tells it to anybody. */
async function watchHealth(host: string): Promise<{ at: Map<string, number>; stop(): void }> {
  const docker = new Docker({ socketPath: host.replace('unix://', '') });
  const stream = await docker.getEvents({ filters: { type: ['container'], event: ['health_status'] } });
  const at = new Map<string, number>();
  stream.on('data', (chunk: Buffer) => {
    const now = performance.timeOrigin + performance.now();
    for (const line of String(chunk).split('\n').filter(Boolean)) {
      const { status, id } = JSON.parse(line) as { status: string; id: string };
      if (status.includes('healthy') && !at.has(id)) at.set(id, now);
    }
  });
  return { at, stop: () => (stream as unknown as { destroy(): void }).destroy() };
}
