import { createRequire } from 'node:module';
import { createRing, type Member, nextTable, ownerOf, type Ring, slotOf } from '@wscluster/ring';
import { atLeast, type BenchResult, median } from './result.ts';

// How long it takes to find the owner of a key among 100 nodes, beside npm hashring, which has no types.
interface HashRing {
  get(key: string): string;
}
const HashRing = createRequire(import.meta.url)('hashring') as new (
  servers: readonly string[],
  algorithm: 'md5',
  options?: { 'max cache size': number },
) => HashRing;

const NODES = 100;
const ROUNDS = 43;
/** Rounds that do not count: code is compiled while they run. */
const WARM_UP = 3;
/** Each key is looked up once, as clients connect once: a cache of answers, which hashring has, is of no use. */
const KEYS_PER_ROUND = 5_000;
const TIMES_FASTER = 20;

export async function run(): Promise<BenchResult[]> {
  const ring = ringOf(NODES);
  const servers = ring.members.map(({ address }) => address);
  const ours = (key: string) => ownerOf(ring, slotOf(key))?.address ?? '';
  const theirs = new HashRing(servers, 'md5');
  // Keys that never return fill its cache in vain: this one keeps a single answer.
  const theirsUncached = new HashRing(servers, 'md5', { 'max cache size': 1 });

  const times = { ours: [] as number[], theirs: [] as number[], uncached: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    const keys = keysOf(round);
    const contenders = [
      () => times.ours.push(nanosecondsPerKey(keys, ours)),
      () => times.theirs.push(nanosecondsPerKey(keys, (key) => theirs.get(key))),
      () => times.uncached.push(nanosecondsPerKey(keys, (key) => theirsUncached.get(key))),
    ];
    // The first to read the keys brings them into the processor's cache for the others, so they take turns.
    for (const n of contenders.keys()) contenders[(n + round) % contenders.length]?.();
  }
  const typical = (values: number[]) => median(values.slice(WARM_UP));
  const own = typical(times.ours);
  const cached = typical(times.theirs);
  const uncached = typical(times.uncached);
  return [
    atLeast(
      'ring: look-up of a key’s owner, times faster than hashring',
      cached / own,
      TIMES_FASTER,
      'times',
      `${NODES} nodes, unique keys, medians of ${ROUNDS - WARM_UP} interleaved rounds: ours ${own.toFixed(0)} ns, ` +
        `hashring as it comes ${cached.toFixed(0)} ns; ${(uncached / own).toFixed(1)} times faster than with its cache off`,
    ),
  ];
}

function ringOf(nodes: number): Ring {
  const members: Member[] = Array.from({ length: nodes }, (_, ringId) => ({
    ringId,
    nodeId: `node-${ringId}`,
    address: `10.0.0.${ringId}:8080`,
    weight: 1,
    state: 'ready',
  }));
  // Ring ids and indices are the same numbers here.
  return createRing({ epoch: 1, version: 1 }, members, nextTable({ members }));
}

function keysOf(round: number): string[] {
  // Through a buffer, so that each is one flat string, as a parsed request has it.
  return Array.from({ length: KEYS_PER_ROUND }, (_, n) => Buffer.from(`user-${round}-${n}`).toString('latin1'));
}

function nanosecondsPerKey(keys: readonly string[], find: (key: string) => string): number {
  let found = 0;
  const start = process.hrtime.bigint();
  for (const key of keys) found += find(key).length;
  const elapsed = Number(process.hrtime.bigint() - start);
  // Uses the result, so that no compiler may leave out the work.
  if (found === 0) throw new Error('no key has an owner');
  return elapsed / keys.length;
}
