import type { ListeningNode } from '@wscluster/gateway/testing/listening-node';
import { revision, ringMessage, ringOf } from '@wscluster/gateway/testing/rings';
import { afterEach, expect, it } from 'vitest';
import { until } from '../e2e/support/wait.ts';
import type { Census } from './support/gateway-messages.ts';
import { GatewayProcess } from './support/gateway-process.ts';
import { startSoakNode } from './support/soak-node.ts';
import { type Outcome, visit, WAYS, type Way } from './support/soak-visit.ts';

const BATCH = 2_000;
/** After the first batch, which warms up: 20,000 connections in all of them. */
const BATCHES = 10;
const AT_ONCE = 64;
/** Between two changes of every slot's owner. */
const MOVE_MS = 250;
/** Source addresses of the clients, so that ports in TIME_WAIT do not run out. */
const ADDRESSES = 16;

/** What the clients of each way see at the end. */
const ALWAYS: readonly [Way, Outcome][] = [
  ['refused', 403],
  ['unrouted', 404],
  ['moved', 1012],
];
const MOSTLY: readonly [Way, readonly Outcome[]][] = [
  ['clean', [1005]],
  // The node lives; but while it is asked, the key may move.
  ['node-reset', ['gone', 1012]],
  ['client-reset', ['gone']],
  ['aborted-head', ['gone']],
  ['aborted-dial', ['gone']],
  ['misdirected', ['gone']],
];

let gateway: GatewayProcess | undefined;
let nodes: ListeningNode[] = [];

afterEach(async () => {
  await gateway?.kill();
  await Promise.all(nodes.map((node) => node.stop()));
  nodes = [];
});

type Outcomes = Map<Way, Map<Outcome, number>>;

/** Brings one batch through the gateway, in all ways by turns. */
async function runBatch(port: number, first: number, outcomes: Outcomes): Promise<void> {
  let next = first;
  const worker = async () => {
    while (next < first + BATCH) {
      const number = next++;
      const way = WAYS[number % WAYS.length] as Way;
      const outcome = await visit(port, way, number, `127.0.0.${1 + (number % ADDRESSES)}`);
      const counts = outcomes.get(way) ?? new Map<Outcome, number>();
      outcomes.set(way, counts.set(outcome, (counts.get(outcome) ?? 0) + 1));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Returns what changes the owner of every slot, each time in a newer ring: older ones are refused. */
function mover(to: GatewayProcess, between: readonly ListeningNode[]): () => void {
  let version = 1;
  return () => {
    version++;
    to.broadcast(ringMessage(ringOf(revision(version), between, (slot) => (slot + version) % between.length)));
  };
}

it('20,000 connections that come and go in all ways leave no socket, timer, listener or memory behind', async () => {
  nodes = [await startSoakNode('a'), await startSoakNode('b')];
  const started = await GatewayProcess.start(ringMessage(ringOf(revision(1), nodes)));
  gateway = started;

  /** What is there once all connections are gone. */
  const settled = async (): Promise<Census & { descriptors: number }> => {
    await until('all connections are gone', async () => {
      const { connections, sockets } = await started.census({ collect: false });
      return connections === 0 && sockets === 0 && nodes.every(({ openSockets }) => openSockets.size === 0);
    });
    return { ...(await started.census({ collect: true })), descriptors: started.descriptors };
  };

  const outcomes: Outcomes = new Map();
  const move = mover(started, nodes);
  const batch = async (number: number) => {
    const moving = setInterval(move, MOVE_MS);
    await runBatch(started.port, number * BATCH, outcomes).finally(() => clearInterval(moving));
    return settled();
  };
  const begin = await batch(0);
  const later: (typeof begin)[] = [];
  for (let number = 1; number <= BATCHES; number++) later.push(await batch(number));
  const end = later.at(-1) ?? begin;

  // Each way was gone: else the rest would prove little.
  const seen = (way: Way, outcome: Outcome) => outcomes.get(way)?.get(outcome) ?? 0;
  const visits = (way: Way) => [...(outcomes.get(way)?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  for (const [way, outcome] of ALWAYS) expect([way, seen(way, outcome)]).toEqual([way, visits(way)]);
  // A move, or an answer, can come first.
  for (const [way, expected] of MOSTLY) {
    const count = expected.reduce<number>((sum, outcome) => sum + seen(way, outcome), 0);
    expect(count / visits(way), way).toBeGreaterThan(0.8);
  }
  expect([...ALWAYS, ...MOSTLY].length).toBe(WAYS.length);

  expect(end.resources).toEqual(begin.resources);
  expect(end.descriptors).toBe(begin.descriptors);
  expect(end.processListeners).toBe(begin.processListeners);
  expect(end.heapBytes).toBeLessThan(begin.heapBytes * 1.2);
  const lastRss = later.slice(-3).map(({ rssBytes }) => rssBytes);
  expect(Math.max(...lastRss) / Math.min(...lastRss)).toBeLessThan(1.1);

  // What is left of anything would keep the process.
  expect(await started.stop()).toBe(0);
});
