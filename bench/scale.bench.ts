import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type RabbitmqServer, rabbitmqServer, redisServer } from '@wscluster/testbed';
import { http } from '../test/e2e/support/http.ts';
import { until } from '../test/e2e/support/wait.ts';
import { cpuSecondsOf } from '../test/run/cpu.ts';
import { CONTROLLER_HEAP } from './heap.ts';
import { atMost, type BenchOptions, type BenchResult, median } from './result.ts';
import { rssOf } from './rss.ts';
import { type BusBytes, bytesBetween, received } from './scale/bus-bytes.ts';
import type { ControllerHears, ControllerSays } from './scale/messages.ts';
import { CLUSTER, SIZE } from './scale/size.ts';

const LIMITS = { restCores: 0.15, changeCores: 0.6, rssMb: 400, acknowledgedMs: 250 };
/** A node comes or goes this often. */
const CHANGE_MS = 2_000;
const WHOLE = { restMs: 60_000, changesMs: 140_000 };
const QUICK = { restMs: 10_000, changesMs: 20_000 };
const START_MS = 120_000;
/** Gateways have told all their counts, and what their start has left is done. */
const CALM_MS = 12_000;

/**
 * A controller with 100 gateways, 1,000 nodes and 1,000,000 connections, over a real RabbitMQ and a real Redis. The
 * gateways are two processes; they send and receive what gateways do, and have no sockets for clients. The nodes are a
 * list. Each second 1,000 clients go, and as many come.
 */
export async function run({ quick }: BenchOptions): Promise<BenchResult[]> {
  const plan = quick ? QUICK : WHOLE;
  const [redis, rabbitmq] = await Promise.all([redisServer(), rabbitmqServer()]);
  const children: ChildProcess[] = [];
  const start = (role: string, args: readonly string[], env: Record<string, string> = {}) => {
    const file = fileURLToPath(new URL(`scale/${role}-role.ts`, import.meta.url));
    const child = fork(file, [rabbitmq.url, redis.url, ...args], { env: { ...process.env, ...env } });
    children.push(child);
    return child;
  };
  try {
    const controller = start('controller', [], CONTROLLER_HEAP);
    const [{ api }] = (await once(controller, 'message')) as [ControllerSays & { say: 'listens' }];
    const gateways = Array.from({ length: SIZE.processes }, (_, part) => start('gateways', [String(part)]));
    await Promise.all(gateways.map((child) => once(child, 'message')));
    await until('all gateways route by the ring', () => isSettled(api), START_MS);
    await delay(CALM_MS);
    const scene = { rabbitmq, controller, gateways };
    const rest = await watch(scene, () => delay(plan.restMs));
    const followed: Followed[] = [];
    const change = await watch(scene, async () => {
      const ends = performance.now() + plan.changesMs;
      for (let n = 0; performance.now() < ends; n++) {
        const due = performance.now() + CHANGE_MS;
        followed.push(await changeNodes(controller, n % 2 === 0 ? 'goes' : 'comes'));
        await delay(Math.max(0, due - performance.now()));
      }
    });
    return verdicts(rest, change, followed);
  } finally {
    await Promise.all(children.map(end));
    await Promise.all([redis.dispose(), rabbitmq.dispose()]);
  }
}

type Followed = ControllerSays & { say: 'followed' };

async function changeNodes(controller: ChildProcess, last: 'comes' | 'goes'): Promise<Followed> {
  return (await ask(controller, { say: 'change', last })) as Followed;
}

async function ask(controller: ChildProcess, message: ControllerHears): Promise<ControllerSays> {
  const answer = once(controller, 'message');
  controller.send(message);
  return ((await answer) as [ControllerSays])[0];
}

async function reportsOf(controller: ChildProcess): Promise<number> {
  return ((await ask(controller, { say: 'count' })) as ControllerSays & { say: 'reports' }).count;
}

async function isSettled(api: number): Promise<boolean> {
  const { text } = await http('GET', `http://127.0.0.1:${api}/api/v1/clusters/${CLUSTER}`);
  const { status } = JSON.parse(text) as {
    status: { gateways: { inSync: number }; nodes: { ready: number }; conditions: { type: string; status: string }[] };
  };
  const isReady = status.conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
  return isReady && status.gateways.inSync === SIZE.gateways && status.nodes.ready === SIZE.nodes;
}

/** What was used while something went on. */
interface Used {
  readonly seconds: number;
  /** Of the controller. */
  readonly cores: number;
  readonly rssMb: number;
  /** Of all gateways, without what clients cost. */
  readonly gatewayCores: number;
  /** Reports a second, which are fewer where the machine is too busy for them. */
  readonly reports: number;
  /** Bytes a second. */
  readonly bus: BusBytes;
}

interface Scene {
  readonly rabbitmq: RabbitmqServer;
  readonly controller: ChildProcess;
  readonly gateways: readonly ChildProcess[];
}

async function watch({ rabbitmq, controller, gateways }: Scene, work: () => Promise<void>): Promise<Used> {
  const pids = gateways.map(({ pid = 0 }) => pid);
  const { pid = 0 } = controller;
  const cpu = () => ({
    controller: cpuSecondsOf(pid) ?? Number.NaN,
    gateways: sum(pids.map((one) => cpuSecondsOf(one) ?? 0)),
  });
  const receivedBefore = await received(rabbitmq);
  const bytesAt = performance.now();
  let rss = 0;
  const look = setInterval(() => {
    rss = Math.max(rss, rssOf(pid));
  }, 500);
  const reportsBefore = await reportsOf(controller);
  const before = cpu();
  const begun = performance.now();
  await work();
  const after = cpu();
  const seconds = (performance.now() - begun) / 1000;
  const reports = (await reportsOf(controller)) - reportsBefore;
  clearInterval(look);
  const bytes = bytesBetween(receivedBefore, await received(rabbitmq));
  const busSeconds = (performance.now() - bytesAt) / 1000;
  return {
    seconds,
    cores: (after.controller - before.controller) / seconds,
    gatewayCores: (after.gateways - before.gateways) / seconds,
    rssMb: rss / 1e6,
    reports: reports / seconds,
    bus: { reports: bytes.reports / busSeconds, rings: bytes.rings / busSeconds },
  };
}

function verdicts(rest: Used, change: Used, followed: readonly Followed[]): BenchResult[] {
  const acknowledged = followed.map(({ acknowledgedMs }) => acknowledgedMs).sort((a, b) => a - b);
  const p99 = acknowledged[Math.ceil(acknowledged.length * 0.99) - 1] ?? Number.NaN;
  const used = ({ seconds, reports, bus, gatewayCores }: Used) =>
    `${seconds.toFixed(0)} s; to the controller ${reports.toFixed(0)} reports with ${kilobytes(bus.reports)} a second, to each gateway ${kilobytes(bus.rings / SIZE.gateways)} of rings and heartbeats; a gateway uses ${((100 * gatewayCores) / SIZE.gateways).toFixed(2)} % of a core`;
  const of = `${SIZE.gateways} gateways, ${SIZE.nodes} nodes, ${SIZE.connections / 1e6} million connections`;
  return [
    atMost(`scale: CPU of the controller at rest, ${of}`, rest.cores, LIMITS.restCores, 'cores', used(rest)),
    atMost(
      'scale: the same while a node comes or goes every 2 s',
      change.cores,
      LIMITS.changeCores,
      'cores',
      `${followed.length} changes in ${used(change)}`,
    ),
    atMost(
      'scale: memory of the controller (RSS)',
      Math.max(rest.rssMb, change.rssMb),
      LIMITS.rssMb,
      'MB',
      `largest; at rest ${rest.rssMb.toFixed(0)} MB`,
    ),
    atMost(
      'scale: from a change of the nodes to the last acknowledgement, p99',
      p99,
      LIMITS.acknowledgedMs,
      'ms',
      `of ${acknowledged.length}; median ${median(acknowledged).toFixed(0)} ms, of which until the ring is decided ${median(followed.map(({ publishedMs }) => publishedMs)).toFixed(0)} ms`,
    ),
  ];
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(bytes < 10_000 ? 1 : 0)} kB`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.disconnect();
  await exit;
}
