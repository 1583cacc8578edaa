import { createRing, type Member, SLOTS, settingsDigest } from '@wscluster/ring';
import { type Movable, planMoves } from '../gateway/src/move/planner.ts';
import { type Tracked, Tracker } from '../gateway/src/move/tracker.ts';
import { CurrentTable } from '../gateway/src/table/current-table.ts';
import { ownerOfSlot, type Table } from '../gateway/src/table/table.ts';
import { atMost, type BenchResult, median } from './result.ts';

const ENTRIES = 100_000;
const NODES = 10;
const ROUNDS = 31;
const LIMIT_MS = 20;

/**
 * The scan that finds the connections to be moved, over 100,000 of them: nine nodes become ten, so that a tenth of them
 * has a new owner. Both rings bring strings of their own for the node ids, as parsed messages do.
 */
export async function run(): Promise<BenchResult[]> {
  const current = new CurrentTable();
  // Every slot changed once before, so that the scan may skip none.
  apply(current, 0, 1);
  const before = apply(current, 1, NODES - 1, 1);
  const tracker = new Tracker<Movable>();
  for (let i = 0; i < ENTRIES; i++) tracker.add(entry(before, (i * 40_503) % SLOTS));
  const table = apply(current, 2, NODES, 1);
  const release = { movableUpTo: table.ring.revision, spreadMs: 0, maxPerSecond: 0 };

  const times: number[] = [];
  let found = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const from = performance.now();
    found = planMoves(table, tracker, release).moves.length;
    times.push(performance.now() - from);
  }
  const detail = `${found} of ${ENTRIES} found; the median of ${ROUNDS}; the first, before anything is compiled, ${times[0]?.toFixed(1)} ms`;
  return [atMost('gateway: scan for connections to be moved', median(times), LIMIT_MS, 'ms', detail)];
}

function nodeId(index: number): string {
  return Buffer.from(`${index}`.padStart(64, 'f')).toString();
}

/**
 * A ring of the first `nodes` of ids counted from `firstId`; a slot's member is its number mod NODES if there is one.
 */
function apply(current: CurrentTable, version: number, nodes: number, firstId = 0) {
  const members = Array.from(
    { length: nodes },
    (_, i): Member => ({
      ringId: i,
      nodeId: nodeId(i + firstId),
      address: `10.0.0.${i}:80`,
      weight: 1,
      state: 'ready',
    }),
  );
  const slots = Uint16Array.from({ length: SLOTS }, (_, slot) => (slot % NODES < nodes ? slot % NODES : slot % nodes));
  const settings = { routes: [] };
  return current.apply(createRing({ epoch: 1, version }, members, slots), {
    settings,
    settingsDigest: settingsDigest(settings),
  });
}

function entry(table: Table, slot: number): Movable {
  const nodeId = ownerOfSlot(table, slot)?.nodeId ?? '';
  const own: Tracked = { kind: 'websocket', slot, nodeId, portable: false, next: undefined, previous: undefined };
  return { ...own, connecting: false, relaying: true, told: false };
}
