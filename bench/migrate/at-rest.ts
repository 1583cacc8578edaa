import { growth } from '../peers/cases/idle.ts';
import { Generator } from '../peers/generator.ts';
import { measure } from '../peers/measure.ts';
import type { Programs } from '../peers/needs.ts';
import { EchoNode } from '../peers/node.ts';
import { type RunningGateway, startWscluster } from '../peers/proxies/wscluster.ts';
import { atLeast, atMost, type BenchOptions, type BenchResult, median } from '../result.ts';

const MODES = ['reconnect', 'migrate'] as const;
type Mode = (typeof MODES)[number];

const TALKING = 64;
const TURN_MS = 1_000;
const WARM_UP_MS = 3_000;
/** The memory of a process differs by some MB from run to run. */
const CONNECTIONS = 8_000;
const OPEN_MS = 60_000;

/** While nothing moves: messages a second, CPU and memory with the mode migrate, relative to reconnect. */
export async function atRest(programs: Programs, { quick }: BenchOptions): Promise<BenchResult[]> {
  return [...(await throughput(programs, quick ? 3 : 21)), await memory(programs, quick ? 1 : 7)];
}

async function throughput(programs: Programs, rounds: number): Promise<BenchResult[]> {
  const node = await EchoNode.start(programs.load, 'a');
  const generator = new Generator(programs.load);
  const gateways = new Map<Mode, RunningGateway>();
  const gateway = (mode: Mode) => gateways.get(mode) as RunningGateway;
  try {
    for (const mode of MODES) {
      gateways.set(mode, await startWscluster(programs.gateway, { nodes: [node], rings: { mode } }));
      const { port } = gateway(mode);
      await generator.ask({ do: 'open', group: mode, port, path: '/connect/user-', count: TALKING, ms: OPEN_MS });
    }
    const talk = (mode: Mode, ms: number) => generator.ask({ do: 'talk', group: mode, bytes: 64, ms });
    for (const mode of MODES) await talk(mode, WARM_UP_MS);
    const rate: number[] = [];
    const cpu: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const turns = new Map<Mode, { rate?: number; cpu?: number }>();
      for (const mode of round % 2 === 0 ? MODES : MODES.toReversed())
        turns.set(mode, await measure(gateway(mode), () => talk(mode, TURN_MS)));
      const [off, on] = MODES.map((mode) => turns.get(mode));
      rate.push((on?.rate ?? 0) / (off?.rate ?? 0));
      cpu.push((on?.cpu ?? 0) / (off?.cpu ?? 0));
    }
    const spread = (values: number[]) => `${Math.min(...values).toFixed(3)} to ${Math.max(...values).toFixed(3)}`;
    return [
      atLeast(
        'migrate: messages a second while nothing moves, relative to reconnect',
        median(rate),
        0.98,
        'times',
        `${rounds} rounds from ${spread(rate)}; CPU a message ${median(cpu).toFixed(3)} times, ${spread(cpu)}`,
      ),
    ];
  } finally {
    await generator.stop();
    for (const one of gateways.values()) await one.stop();
    await node.stop();
  }
}

async function memory(programs: Programs, rounds: number): Promise<BenchResult> {
  const kilobytes: Record<Mode, number[]> = { reconnect: [], migrate: [] };
  for (let round = 0; round < rounds; round++) {
    process.stderr.write(`  memory, round ${round + 1} of ${rounds}\n`);
    for (const mode of MODES) {
      const { rss = Number.NaN } = await growth('wscluster', programs, CONNECTIONS, { mode });
      kilobytes[mode].push(rss);
    }
  }
  const [off, on] = MODES.map((mode) => median(kilobytes[mode])) as [number, number];
  const each = MODES.map((mode) => `${mode} ${kilobytes[mode].map((one) => one.toFixed(2)).join(', ')}`);
  return atMost('migrate: RSS of an idle connection, more than with reconnect', on - off, 0.4, 'kB', each.join('; '));
}
