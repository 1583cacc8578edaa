import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../../test/e2e/support/wait.ts';
import type { Figure, Sample } from '../figure.ts';
import { Generator } from '../generator.ts';
import type { Programs } from '../needs.ts';
import { EchoNode } from '../node.ts';
import { MOVING, type Plan } from '../plan.ts';
import { watchesLoop } from '../proxies/node-process.ts';
import { type RunningGateway, startWscluster } from '../proxies/wscluster.ts';
import { alternate } from '../rounds.ts';
import { scratchFolder } from '../scratch.ts';

export const MOVE = `${MOVING.moved.toLocaleString('en')} of ${MOVING.of.toLocaleString('en')} connections move`;

const OPEN_MS = 60_000;
const BACK_MS = 60_000;
const MOVED_SHARE = MOVING.moved / MOVING.of;
/** Of two nodes; before it is the half. */
const WEIGHTS = [0.5 - MOVED_SHARE, 0.5 + MOVED_SHARE];

/**
 * A change of weights, without a limit of pace: how long our event loop is held up till all are with their new owner.
 */
export function move(programs: Programs, plan: Plan): Promise<Figure[]> {
  return alternate(MOVE, ['wscluster'], plan.heavyRounds, () => turn(programs));
}

async function turn(programs: Programs): Promise<Sample> {
  const report = join(scratchFolder('loop'), 'delays');
  const nodes: EchoNode[] = [];
  const generator = new Generator(programs.load);
  let gateway: RunningGateway | undefined;
  try {
    for (const node of ['a', 'b']) nodes.push(await EchoNode.start(programs.load, node));
    gateway = await startWscluster(programs.gateway, { nodes, preload: watchesLoop(report) });
    const group = { group: 'clients', port: gateway.port, path: '/connect/user-' };
    await generator.ask({ do: 'open', ...group, count: MOVING.of, ms: OPEN_MS });
    await delaysOf(gateway, report, 1);
    const began = performance.timeOrigin + performance.now();
    const keys = Array.from({ length: MOVING.of }, (_, i) => `user-${i + 1}`);
    const moved = await gateway.rings.reweigh(WEIGHTS, keys);
    const back = await generator.ask({ do: 'comeback', group: group.group, count: moved.length, ms: BACK_MS });
    const { lastAt = Number.NaN } = back;
    return { loop: await delaysOf(gateway, report, 2), ms: lastAt - began };
  } finally {
    await generator.stop();
    await gateway?.stop();
    for (const node of nodes) await node.stop();
  }
}

/** The p99 that the gateway reports at the signal of this number, ms. */
async function delaysOf(gateway: RunningGateway, report: string, number: number): Promise<number> {
  process.kill(gateway.pid, 'SIGUSR2');
  await until('the gateway reports its delays', () => lines(report).length === number);
  return (JSON.parse(lines(report).at(-1) ?? '{}') as { p99: number }).p99;
}

function lines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(0, -1);
  } catch {
    return []; // not written yet
  }
}
