import { Crowd } from '../test/e2e/support/crowd.ts';
import { System } from '../test/e2e/support/system.ts';
import { until } from '../test/e2e/support/wait.ts';
import { atMost, type BenchResult, median } from './result.ts';

const CLIENTS = 1000;
const ROUNDS = 3;
const LIMIT_MS = 1000;

/**
 * From the moment that a fourth node listens until the last client that it takes over is connected to it: readiness
 * noticed, ring computed, published, acknowledged, clients told, clients back. 1,000 clients that send, two gateways,
 * no limit of pace, everything on one machine. The worst round counts.
 */
export async function run(): Promise<BenchResult[]> {
  const rounds: { ms: number; moved: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await converge());
  const times = rounds.map(({ ms }) => ms);
  const moved = rounds.map(({ moved }) => moved);
  return [
    atMost(
      'from a new node listening to its last client being back',
      Math.max(...times),
      LIMIT_MS,
      'ms',
      `${ROUNDS} rounds: ${times.map(Math.round).join(', ')} ms (median ${Math.round(median(times))}); ${moved.join(', ')} of ${CLIENTS} clients moved, two gateways`,
    ),
  ];
}

async function converge(): Promise<{ ms: number; moved: number }> {
  const system = await System.start({ nodes: 3, gateways: 2 });
  const crowd = await Crowd.connect(system, CLIENTS);
  try {
    const id = await system.addNode();
    await system.settled(4);
    const owner = await system.owners();
    await until('every client is with its owner', () => crowd.clients.every(({ key, node }) => node === owner(key)));
    const listening = system.controller.lines.find((line) => line.event === 'node-listening' && line.node === id);
    if (listening === undefined) throw new Error('the new node did not log that it listens');
    const back = crowd.clients
      .filter((client) => client.closes.length > 0)
      .map((client) => client.sessions.at(-1)?.openedAt ?? 0);
    const listeningAt = Date.parse(String(listening.time)) - performance.timeOrigin;
    return { ms: Math.max(...back) - listeningAt, moved: back.length };
  } finally {
    crowd.stop();
    await system.stop();
  }
}
