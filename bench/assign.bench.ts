import { nextTable, SLOTS } from '@wscluster/ring';
import { keysOf } from './assign/clients.ts';
import { compareRules } from './assign/compare.ts';
import { changesOf, measure, peakOf } from './assign/measure.ts';
import { countBySlot, type Node } from './assign/rules.ts';
import { atMost, type BenchOptions, type BenchResult, median } from './result.ts';

// What moves when nodes come and go, and how evenly slots and connections are spread then: beside other rules, and by
// this project's rule for all sizes. Nothing but the speed depends on the machine: every run gives the same figures.

const NODES = [10, 50, 100, 300, 1000];
const CLIENTS = [300, 10_000, 1_000_000];
const LAWS = ['uniform', 'zipf'] as const;
const MOVED_TO_IDEAL = 1.005;
const RANDOM_CHANGES = 1000;

/** `--cases`: rules (beside other rules; writes the tables and the picture of docs/scaling.md), own, random, speed. */
export async function run({ quick, cases }: BenchOptions): Promise<BenchResult[]> {
  const sizes = quick ? NODES.slice(0, 2) : NODES;
  const isWanted = (name: string) => cases?.includes(name) ?? true;
  if (isWanted('rules')) compareRules(sizes, !quick);
  return [
    ...(isWanted('own') ? ownFigures(sizes, quick ? CLIENTS.slice(0, 2) : CLIENTS) : []),
    ...(isWanted('random') ? randomChanges(quick) : []),
    ...(isWanted('speed') ? speed() : []),
  ];
}

const equal = (count: number): Node[] => Array.from({ length: count }, (_, ringId) => ({ ringId, weight: 1 }));

/** This project's rule, at all sizes: the worst of the changes. */
function ownFigures(sizes: readonly number[], clients: readonly number[]): BenchResult[] {
  const results: BenchResult[] = [];
  for (const count of sizes) {
    const before = equal(count);
    const old = nextTable({ members: before });
    for (const law of LAWS)
      for (const size of clients) {
        const connections = countBySlot(keysOf(size, law));
        const owned = (table: Uint16Array) => expand(table, connections);
        const figures = changesOf(before).map((change) => {
          const table = nextTable({ table: old, members: change.after, connections });
          return {
            name: change.name,
            slots: measure(old, table, before, change),
            moves: measure(owned(old), owned(table), before, change),
            hottest: Math.max(...connections) / (size / change.after.length),
          };
        });
        const peakBefore = peakOf(owned(old), before).toFixed(2);
        const each = (of: (figure: (typeof figures)[number]) => number) =>
          figures.map((figure) => of(figure).toFixed(3)).join(', ');
        results.push(
          atMost(
            `assign: slots moved / ideal, ${count} nodes, ${size} clients, ${law}`,
            Math.max(...figures.map(({ slots }) => slots.moved)),
            law === 'uniform' ? 3 : 15,
            'times',
            `one more, one fewer, one twice as heavy: slots ${each(({ slots }) => slots.moved)}; clients ${each(({ moves }) => moves.moved)}; peak of slots ${each(({ slots }) => slots.peak)}; of clients ${each(({ moves }) => moves.peak)}, before ${peakBefore}; the hottest slot alone ${each(({ hottest }) => hottest)}`,
          ),
        );
      }
    const fewest = changesOf(before).map((change) => {
      const { moved } = measure(old, nextTable({ table: old, members: change.after }), before, change);
      return moved;
    });
    results.push(
      atMost(
        `assign: slots moved / ideal, ${count} nodes without clients`,
        Math.max(...fewest.slice(0, 2)),
        MOVED_TO_IDEAL,
        'times',
        'the worse of one node more and one fewer',
      ),
    );
  }
  return results;
}

/** The owner of each connection. */
function expand(table: Uint16Array, connections: Uint32Array): Uint16Array {
  const owners = new Uint16Array(connections.reduce((sum, count) => sum + count, 0));
  let at = 0;
  for (const [slot, count] of connections.entries()) {
    owners.fill(table[slot] as number, at, at + count);
    at += count;
  }
  return owners;
}

/** Nodes come, go and change their weights at random; meanwhile another client replaces one in a hundred. */
function randomChanges(quick: boolean): BenchResult[] {
  const cases = quick
    ? [[10, 10_000]]
    : [
        [10, 10_000],
        [100, 10_000],
        [100, 1_000_000],
        [1000, 1_000_000],
      ];
  return cases.map(([count = 0, clients = 0]) => {
    let state = 7;
    const random = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    let nodes = equal(count);
    let table = nextTable({ members: nodes });
    const connections = countBySlot(keysOf(clients, 'uniform'));
    // The first change pays for what nobody could know when the ring was made.
    table = nextTable({ table, members: [...nodes, { ringId: count, weight: 1 }], connections });
    nodes = [...nodes, { ringId: count, weight: 1 }];
    const moved: number[] = [];
    const peaks: number[] = [];
    let [sum, ideals] = [0, 0];
    for (let n = 0; n < RANDOM_CHANGES; n++) {
      for (let gone = 0; gone < clients / 100; ) {
        const slot = random(SLOTS);
        if (connections[slot] === 0) continue;
        connections[slot] = (connections[slot] as number) - 1;
        const other = random(SLOTS);
        connections[other] = (connections[other] as number) + 1;
        gone++;
      }
      const change = randomChange(nodes, count, random);
      const after = nextTable({ table, members: change.after, connections });
      const [old, owners] = [expand(table, connections), expand(after, connections)];
      const figure = measure(old, owners, nodes, change);
      moved.push(figure.moved);
      peaks.push(figure.peak);
      const wasMoved = old.reduce((all, owner, at) => all + Number(owner !== owners[at]), 0);
      sum += wasMoved;
      ideals += wasMoved / figure.moved;
      [table, nodes] = [after, [...change.after]];
    }
    const detail = `${RANDOM_CHANGES} changes in a row; median of a change ${median(moved).toFixed(2)}; most clients of a node / its share ${median(peaks).toFixed(3)} (median), ${Math.max(...peaks).toFixed(3)} (worst)`;
    return atMost(
      `assign: clients moved / ideal, random changes of ${count} nodes, ${clients} clients`,
      sum / ideals,
      2,
      'times',
      detail,
    );
  });
}

function randomChange(nodes: readonly Node[], count: number, random: (below: number) => number) {
  const at = random(nodes.length);
  const node = nodes[at] as Node;
  const kind = nodes.length < 0.8 * count ? 0 : nodes.length > 1.2 * count ? 1 : random(3);
  if (kind === 1) return { name: 'one fewer', node: node.ringId, after: nodes.filter((other) => other !== node) };
  if (kind === 2) {
    const weight = node.weight === 1 ? 2 : 1;
    const after = nodes.map((other) => (other === node ? { ...node, weight } : other));
    return { name: 'another weight', node: node.ringId, after };
  }
  const used = new Set(nodes.map(({ ringId }) => ringId));
  let ringId = 0;
  while (used.has(ringId)) ringId++;
  return { name: 'one more', node: ringId, after: [...nodes, { ringId, weight: 1 }] };
}

/** How long the controller computes. */
function speed(): BenchResult[] {
  const COUNT = 1000;
  const connections = countBySlot(keysOf(1_000_000, 'uniform'));
  const scratch = Array.from({ length: 5 }, () => milliseconds(() => nextTable({ members: equal(COUNT) })));
  let table = nextTable({ table: nextTable({ members: equal(COUNT) }), members: equal(COUNT + 1), connections });
  const next: number[] = [];
  for (let round = 0; round < 21; round++)
    next.push(
      milliseconds(() => {
        table = nextTable({ table, members: equal(COUNT + (round % 2)), connections });
      }),
    );
  const detail = (times: readonly number[]) => `median of ${times.length}, worst ${Math.max(...times).toFixed(0)} ms`;
  return [
    atMost(`assign: table of ${COUNT} nodes from scratch`, median(scratch), 300, 'ms', detail(scratch)),
    atMost(`assign: next table of ${COUNT} nodes, 1,000,000 clients`, median(next), 10, 'ms', detail(next)),
  ];
}

function milliseconds(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
