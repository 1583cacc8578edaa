import { until } from '../../test/e2e/support/wait.ts';
import { onAnyCore } from '../peers/cores.ts';
import { Generator } from '../peers/generator.ts';
import type { Programs } from '../peers/needs.ts';
import { EchoNode } from '../peers/node.ts';
import { type RunningGateway, startWscluster } from '../peers/proxies/wscluster.ts';
import { atMost, type BenchOptions, type BenchResult, median } from '../result.ts';

/** A process may have only 20,000 descriptors, so one gateway is not enough for 10,000 clients. */
const GATEWAYS = 2;
const MOVING = 5_000;
const PER_SECOND = 1_000;
const OTHERS = 50;
/** Messages of the others, 64 B, at a fixed rate. */
const ECHO = { perSecond: 1_000, bytes: 64, ms: 5_000 };
const ROUNDS = 5;
const [LITTLE, MUCH] = [0.01, 1000];
const OPEN_MS = 60_000;

/** 10,000 connections migrate at 2,000 a second: round trips of clients beside them, to those when nothing moves. */
export async function crowd(programs: Programs, { quick }: BenchOptions): Promise<BenchResult[]> {
  const nodes: EchoNode[] = [];
  const gateways: RunningGateway[] = [];
  const generator = new Generator(programs.load);
  const p99 = async () => ((await generator.ask({ do: 'pace', group: 'others', ...ECHO })).p99 ?? Number.NaN) / 1000;
  try {
    for (const name of ['a', 'b']) nodes.push(await EchoNode.start(programs.load, name));
    const rings = { mode: 'migrate', weights: [MUCH, LITTLE], maxPerSecond: PER_SECOND } as const;
    for (let n = 0; n < GATEWAYS; n++) gateways.push(await startWscluster(programs.gateway, { nodes, rings }));
    for (const { port } of gateways) {
      await generator.ask({ do: 'open', group: 'moving', port, path: '/connect/u-', count: MOVING, ms: OPEN_MS });
      await generator.ask({ do: 'open', group: 'others', port, path: '/at/b/', count: OTHERS, ms: OPEN_MS });
    }
    // One core for both would have no time left at this pace, so all of it shares all cores.
    for (const { pid } of [...nodes, ...gateways, generator]) onAnyCore(pid);
    await generator.ask({ do: 'pace', group: 'others', ...ECHO, ms: 2_000 }); // compiles what is run for the first time
    const turns: { calm: number; busy: number; ms: number }[] = [];
    for (let round = 0; round < (quick ? 1 : ROUNDS); round++) {
      process.stderr.write(`  10,000 migrate, round ${round + 1}\n`);
      const calm = await p99();
      const weights = round % 2 === 0 ? [LITTLE, MUCH] : [MUCH, LITTLE];
      const [busy, ms] = await Promise.all([p99(), migrated(gateways, nodes, weights)]);
      turns.push({ calm, busy, ms });
    }
    // Fails if any of them was closed.
    await generator.ask({ do: 'talk', group: 'moving', bytes: 64, ms: 500 });
    const of = (turn: (typeof turns)[number]) => turn.busy / turn.calm;
    const ratios = turns.map(of).map((ratio) => ratio.toFixed(2));
    return [
      atMost(
        'migrate: round trip of others while 10,000 connections migrate at 2,000 a second, p99, relative to before',
        median(turns.map(of)),
        2,
        'times',
        `medians ${median(turns.map(({ busy }) => busy)).toFixed(2)} and ${median(turns.map(({ calm }) => calm)).toFixed(2)} ms; rounds ${ratios.join(', ')}; ${median(turns.map(({ ms }) => ms)).toFixed(0)} ms until all were at their new owner; none was closed`,
      ),
    ];
  } finally {
    await generator.stop();
    for (const gateway of gateways) await gateway.stop();
    for (const node of nodes) await node.stop();
  }
}

/** Milliseconds until all are at their new owner. */
async function migrated(gateways: readonly RunningGateway[], [, b]: readonly EchoNode[], weights: number[]) {
  const keys = Array.from({ length: MOVING }, (_, i) => `u-${i + 1}`);
  const began = performance.now();
  const atB = (await b?.connections()) ?? 0;
  const moved = (await Promise.all(gateways.map(({ rings }) => rings.reweigh(weights, keys)))).flat().length;
  const isThere = async () => {
    const now = (await b?.connections()) ?? 0;
    return weights[0] === LITTLE ? now >= atB + moved : now <= atB - moved;
  };
  await until('all are at their new owner', isThere, 60_000, 100);
  return performance.now() - began;
}
