import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { Crowd } from './support/crowd.ts';
import { System, type SystemOptions } from './support/system.ts';
import { until } from './support/wait.ts';

const HOUR_MS = 3_600_000;
const clock = fileURLToPath(new URL('support/jumping-clock.mjs', import.meta.url));

let system: System;
let crowd: Crowd | undefined;
afterEach(async () => {
  crowd?.stop();
  await system.stop();
});

/** The wall clock of the controller will jump by so much. */
async function start(jumpMs: number, options: SystemOptions): Promise<Crowd> {
  const { NODE_OPTIONS = '' } = process.env;
  system = await System.start({
    nodes: 2,
    gateways: 1,
    ...options,
    controllerEnv: { NODE_OPTIONS: `${NODE_OPTIONS} --import=${clock}`, WSC_JUMP_MS: String(jumpMs) },
  });
  crowd = await Crowd.connect(system, 80);
  return crowd;
}
const jump = async () => {
  system.controller.signal('SIGUSR2');
  await until('the clock has jumped', () => system.controller.other.includes('the clock has jumped'));
};

test('a wall clock that is put forward by an hour hurries no drain: its clients move at the pace, and none is cut off', async () => {
  const { clients } = await start(HOUR_MS, { drainSeconds: 60, rebalance: { maxConnectionsPerSecond: 5 } });
  const closes = () => clients.flatMap((client) => client.closes);
  const [leaving] = (await system.ring()).members;
  const moving = clients.filter(({ node }) => node === leaving?.nodeId).length;
  expect(moving).toBeGreaterThan(20);
  await system.api('DELETE', `/nodes/${leaving?.nodeId}?mode=drain`);
  await until('the first clients have moved', () => closes().length > 2);
  await jump();
  await until('all its clients have moved', () => clients.every(({ node }) => node !== leaving?.nodeId), 60_000);
  await system.settled(1, 60_000);
  expect(closes().map(({ code }) => code)).toEqual(Array(moving).fill(1012));
  const times = closes()
    .map(({ closedAt }) => closedAt ?? 0)
    .sort((a, b) => a - b);
  const tookMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
  expect(tookMs).toBeGreaterThan(((moving - 5) / 5) * 1000);
});

test('a wall clock that is put back by an hour keeps no node that hangs beyond its grace', async () => {
  const { clients } = await start(-HOUR_MS, { rebalance: { maxConnectionsPerSecond: 0, unreadyGraceSeconds: 4 } });
  const [hanging] = (await system.ring()).members;
  const id = hanging?.nodeId ?? '';
  const pid = system.nodePid(id);
  process.kill(pid, 'SIGSTOP');
  try {
    await until('it is unready', async () =>
      (await system.nodes()).some((node) => node.id === id && node.state === 'unready'),
    );
    await jump();
    await until(
      'its slots have left',
      async () => (await system.ring()).members.every(({ nodeId }) => nodeId !== id),
      15_000,
    );
    await until(
      'its clients are with other nodes',
      () => clients.every(({ node }) => node !== undefined && node !== id),
      15_000,
    );
  } finally {
    process.kill(pid, 'SIGCONT');
  }
});
