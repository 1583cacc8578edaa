import { createRequire } from 'node:module';
import { murmur3, nextTable, SLOTS, slotOf } from '@wscluster/ring';
import { pairCost } from '../../ring/src/assign/cost.ts';
import { rendezvousTable } from '../../ring/src/assign/rendezvous.ts';

/** The package has no types. */
interface HashRing {
  get(key: string): string;
}
const HashRing = createRequire(import.meta.url)('hashring') as new (
  servers: Readonly<Record<string, { weight: number }>>,
) => HashRing;

export interface Node {
  readonly ringId: number;
  readonly weight: number;
}

/** A rule that says which node owns a key. */
export interface Rule {
  readonly name: string;
  /** The ring id of the owner of each key, among these nodes, which follow the ones of the last call. */
  owners(nodes: readonly Node[], keys: readonly string[]): Uint16Array;
}

/**
 * This project's: the next table follows from the present one and the clients, whose keys `clients` names. `extra`: how
 * many clients it may move for balance among other nodes, see nextTable.
 */
export function ours(clients: () => readonly string[], extra?: number): Rule {
  let table: Uint16Array | undefined;
  return {
    name: extra === 0 ? 'wscluster, others left alone' : 'wscluster',
    owners(nodes, keys) {
      // Nothing is known of clients when the first ring is made.
      const connections = table === undefined ? undefined : countBySlot(clients());
      table = nextTable({ table, members: nodes, connections, extra });
      return ofSlots(table, keys);
    },
  };
}

/** This project's former rule: rendezvous hashing in which no node has more than 1.02 of its share of the slots. */
export const former: Rule = {
  name: 'rendezvous, capped at 1.02',
  owners: (nodes, keys) => ofSlots(rendezvousTable(nodes), keys),
};

/** Rendezvous hashing of slots. */
export const rendezvous: Rule = {
  name: 'rendezvous',
  owners(nodes, keys) {
    const table = new Uint16Array(SLOTS);
    for (let slot = 0; slot < SLOTS; slot++) {
      let least = Number.POSITIVE_INFINITY;
      for (const { ringId, weight } of nodes) {
        const cost = pairCost(slot, ringId, weight);
        if (cost >= least) continue;
        least = cost;
        table[slot] = ringId;
      }
    }
    return ofSlots(table, keys);
  },
};

/** Maglev with its usual table of 65,537 entries; a node takes turns by its weight. */
export const maglev: Rule = {
  name: 'Maglev',
  owners(nodes, keys) {
    const SIZE = 65_537;
    const table = new Int32Array(SIZE).fill(-1);
    const heaviest = Math.max(...nodes.map(({ weight }) => weight));
    const states = nodes.map(({ ringId, weight }) => ({
      ringId,
      turn: weight / heaviest,
      credit: 0,
      next: murmur3(`offset-${ringId}`) % SIZE,
      skip: (murmur3(`skip-${ringId}`) % (SIZE - 1)) + 1,
    }));
    for (let filled = 0; filled < SIZE; )
      for (const state of states) {
        state.credit += state.turn;
        if (state.credit < 1 || filled === SIZE) continue;
        state.credit -= 1;
        while (table[state.next] !== -1) state.next = (state.next + state.skip) % SIZE;
        table[state.next] = state.ringId;
        filled++;
      }
    return Uint16Array.from(keys, (key) => table[murmur3(key) % SIZE] as number);
  },
};

/** Envoy's ring_hash with its default ring of at least 1,024 points. */
export const envoyRing: Rule = {
  name: 'Envoy ring_hash',
  owners(nodes, keys) {
    const POINTS = 1024;
    const total = nodes.reduce((sum, { weight }) => sum + weight, 0);
    const points: { at: number; ringId: number }[] = [];
    const lightest = Math.min(...nodes.map(({ weight }) => weight / total));
    const scale = Math.ceil(lightest * POINTS) / lightest;
    for (const { ringId, weight } of nodes)
      for (let n = 0; n < Math.round((weight / total) * scale); n++)
        points.push({ at: murmur3(`10.0.${ringId >> 8}.${ringId & 255}:8080_${n}`), ringId });
    points.sort((a, b) => a.at - b.at);
    return Uint16Array.from(keys, (key) => {
      const hash = murmur3(key);
      let [from, to] = [0, points.length];
      while (from < to) {
        const middle = (from + to) >> 1;
        if ((points[middle]?.at ?? 0) < hash) from = middle + 1;
        else to = middle;
      }
      return points[from % points.length]?.ringId ?? 0;
    });
  },
};

/** The npm package hashring as it comes: Ketama's continuum, with MD5 and 160 points a node. */
export const hashring: Rule = {
  name: 'hashring (Ketama)',
  owners(nodes, keys) {
    const ring = new HashRing(Object.fromEntries(nodes.map(({ ringId, weight }) => [String(ringId), { weight }])));
    return Uint16Array.from(keys, (key) => Number(ring.get(key)));
  },
};

export function countBySlot(keys: readonly string[]): Uint32Array {
  const counts = new Uint32Array(SLOTS);
  for (const key of keys) counts[slotOf(key)] = (counts[slotOf(key)] ?? 0) + 1;
  return counts;
}

function ofSlots(table: Uint16Array, keys: readonly string[]): Uint16Array {
  return Uint16Array.from(keys, (key) => table[slotOf(key)] as number);
}
