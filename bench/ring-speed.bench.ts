import { Assigner } from '@wscluster/ring';
import { atMost, type BenchResult, median } from './result.ts';

// How long the controller computes a target for 1,000 nodes: from scratch, as when it starts, and after a change.

const NODES = 1000;
const SCRATCH_MS = 2000;
const CHANGE_MS = 100;

export async function run(): Promise<BenchResult[]> {
  const members = (count: number) => Array.from({ length: count }, (_, ringId) => ({ ringId, weight: 1 }));
  const scratch = Array.from({ length: 5 }, () => milliseconds(() => new Assigner().assign(members(NODES))));

  const assigner = new Assigner();
  assigner.assign(members(NODES));
  const more: number[] = [];
  const fewer: number[] = [];
  for (let round = 0; round < 11; round++) {
    more.push(milliseconds(() => assigner.assign(members(NODES + 1))));
    fewer.push(milliseconds(() => assigner.assign(members(NODES))));
  }
  return [
    figure(`ring: target of ${NODES} nodes from scratch`, scratch, SCRATCH_MS),
    figure(`ring: target after one node more, ${NODES} nodes`, more, CHANGE_MS),
    figure(`ring: target after one node fewer, ${NODES} nodes`, fewer, CHANGE_MS),
  ];
}

function figure(name: string, times: readonly number[], limit: number): BenchResult {
  const detail = `median of ${times.length}, worst ${Math.max(...times).toFixed(0)} ms`;
  return atMost(name, median(times), limit, 'ms', detail);
}

function milliseconds(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
