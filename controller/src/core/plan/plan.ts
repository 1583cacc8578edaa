import { type Member, ownerOf, type Revision, type Ring, SLOTS } from '@wscluster/ring';

/** What a change would move, and how much each node gains and loses. */
export interface Plan {
  /** The ring that the plan is based on. */
  readonly revision: Revision;
  readonly slots: number;
  readonly connections: number;
  readonly nodes: readonly NodePlan[];
}

export interface NodePlan {
  readonly id: string;
  /** The name that people know it by; the id if it has no other. */
  readonly name: string;
  readonly slots: Flow;
  readonly connections: Flow;
}

interface Flow {
  readonly before: number;
  readonly after: number;
  readonly gained: number;
  readonly lost: number;
  /** Of all, 0 to 1. */
  readonly share: { readonly before: number; readonly after: number };
}

/** What moves between the present ring and the one after a change, by the present connections by slot. Pure. */
export function planBetween(ring: Ring, after: Ring, connectionsBySlot: Readonly<Uint32Array>): Plan {
  const tallies = new Map<string, Tally>();
  for (const member of [...ring.members, ...after.members])
    tallies.set(member.nodeId, { member, slots: { ...NOTHING }, connections: { ...NOTHING } });
  const count = (id: string | undefined, kind: keyof Counts, connections: number) => {
    const tally = tallies.get(id ?? '');
    if (tally === undefined) return;
    tally.slots[kind]++;
    tally.connections[kind] += connections;
  };
  let slots = 0;
  let moved = 0;
  let all = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    const from = ownerOf(ring, slot)?.nodeId;
    const to = ownerOf(after, slot)?.nodeId;
    const connections = connectionsBySlot[slot] ?? 0;
    all += connections;
    count(from, 'before', connections);
    count(to, 'after', connections);
    if (from === to) continue;
    slots++;
    moved += connections;
    count(from, 'lost', connections);
    count(to, 'gained', connections);
  }
  const nodes = [...tallies].map(([id, { member, slots, connections }]) => ({
    id,
    name: member.name ?? id,
    slots: flowOf(slots, SLOTS),
    connections: flowOf(connections, all),
  }));
  return { revision: ring.revision, slots, connections: moved, nodes };
}

interface Counts {
  before: number;
  after: number;
  gained: number;
  lost: number;
}

interface Tally {
  readonly member: Member;
  readonly slots: Counts;
  readonly connections: Counts;
}

const NOTHING: Counts = { before: 0, after: 0, gained: 0, lost: 0 };

function flowOf(counts: Counts, all: number): Flow {
  const share = (count: number) => (all === 0 ? 0 : count / all);
  return { ...counts, share: { before: share(counts.before), after: share(counts.after) } };
}
