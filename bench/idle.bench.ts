import { System } from '../test/e2e/support/system.ts';
import { cpuSecondsOf } from '../test/run/cpu.ts';
import { atMost, type BenchOptions, type BenchResult } from './result.ts';

const NODES = 3;
const GATEWAYS = 2;
/** Until what runs only once after a start is over, as a compiler's work. */
const CALM_MS = 15_000;

/** Processor time at rest, of each kind of process: an embedded system that nobody uses. */
export async function run({ quick }: BenchOptions): Promise<BenchResult[]> {
  const seconds = quick ? 20 : 60;
  const system = await System.start({ nodes: NODES, gateways: GATEWAYS });
  try {
    const nodes = (await system.nodes()).map(({ id }) => system.nodePid(id));
    const gateways = system.gateways.map(({ process: { pid } }) => pid);
    await new Promise((resolve) => setTimeout(resolve, CALM_MS));
    const kinds: [kind: string, pids: readonly number[], limit: number][] = [
      ['controller', [system.controller.pid], 0.5],
      ['gateway', gateways, 0.2],
      ['node', nodes, 0.1],
    ];
    const before = kinds.map(([, pids]) => pids.map(cpuOf));
    const began = performance.now();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const took = (performance.now() - began) / 1000;
    return kinds.map(([kind, pids, limit], k) => {
      const shares = pids.map((pid, n) => (100 * (cpuOf(pid) - (before[k]?.[n] ?? 0))) / took);
      const all = shares.map((share) => share.toFixed(2)).join(', ');
      return atMost(
        `at rest: a ${kind}`,
        Math.max(...shares),
        limit,
        '% of a core',
        `${all} %, in ${took.toFixed(0)} s`,
      );
    });
  } finally {
    await system.stop();
  }
}

function cpuOf(pid: number): number {
  const seconds = cpuSecondsOf(pid);
  if (seconds === undefined) throw new Error(`process ${pid} has ended`);
  return seconds;
}
