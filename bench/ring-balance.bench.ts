import { Assigner, DEFAULT_CAP, SLOTS } from '@wscluster/ring';
import { atMost, type BenchResult } from './result.ts';

// How evenly slots are spread over equal nodes, and how many move when one node more or fewer is there. Nothing here
// depends on time: every run gives the same figures. What moves varies with the ring ids, so it is the mean over
// several sets of them; the range stands beside it.

const NODES = [10, 50, 100];
const SETS = 30;
const PEAK_TO_MEAN = 1.03;
const MOVED_TO_IDEAL = 1.15;

export async function run(): Promise<BenchResult[]> {
  return NODES.flatMap((nodes) => {
    const peaks: number[] = [];
    const more: number[] = [];
    const fewer: number[] = [];
    for (let set = 0; set < SETS; set++) {
      const ringIds = Array.from({ length: nodes + 1 }, (_, n) => 1000 * set + n);
      const assigner = new Assigner();
      const assign = (ids: readonly number[]) => assigner.assign(ids.map((ringId) => ({ ringId, weight: 1 })));
      const base = assign(ringIds.slice(0, nodes));
      const slots = Map.groupBy(base, (ringId) => ringId);
      peaks.push(Math.max(...[...slots.values()].map((own) => own.length)) / (SLOTS / nodes));
      // The least that can move: the fair share of the one that comes, all slots of the one that goes.
      more.push(moved(base, assign(ringIds)) / (SLOTS / (nodes + 1)));
      const gone = ringIds[0] ?? 0;
      fewer.push(moved(base, assign(ringIds.slice(1, nodes))) / (slots.get(gone)?.length ?? 0));
    }
    const where = `${nodes} nodes, cap ${DEFAULT_CAP}`;
    return [
      atMost(
        `ring: most slots of a node / mean, ${where}`,
        Math.max(...peaks),
        PEAK_TO_MEAN,
        'times',
        `worst of ${SETS} sets of ring ids`,
      ),
      atMost(`ring: slots moved / ideal, one node more, ${where}`, mean(more), MOVED_TO_IDEAL, 'times', rangeOf(more)),
      atMost(
        `ring: slots moved / ideal, one node fewer, ${where}`,
        mean(fewer),
        MOVED_TO_IDEAL,
        'times',
        rangeOf(fewer),
      ),
    ];
  });
}

function moved(before: Uint16Array, after: Uint16Array): number {
  return before.reduce((count, ringId, slot) => count + (ringId === after[slot] ? 0 : 1), 0);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function rangeOf(values: readonly number[]): string {
  return `mean of ${values.length} sets of ring ids, from ${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`;
}
