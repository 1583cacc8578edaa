import { NO_OWNER, type Revision, type Ring, reindexed, SLOTS } from '@wscluster/ring';
import type { Membership } from '../membership/membership.ts';
import { desiredOwners, type Loads, seatsOf, targetOf } from '../membership/target.ts';

/** What a change would move, and how much each node gains and loses. */
export interface Plan {
  /** The ring that the plan is based on. */
  readonly revision: Revision;
  readonly slots: number;
  readonly connections: number;
  readonly nodes: readonly {
    readonly id: string;
    readonly slots: Flow;
    readonly connections: Flow;
  }[];
}

interface Flow {
  readonly before: number;
  readonly after: number;
  readonly gained: number;
  readonly lost: number;
}

/**
 * What moves between the present and the final ring, by the present connections. At the end a leaving node counts as
 * gone. Pure.
 */
export function planChange(ring: Ring, after: Membership, loads: Loads): Plan {
  const settled = { ...after, members: after.members.filter(({ state }) => state !== 'draining') };
  const current = reindexed(ring.table, ring.members, settled.members);
  const seats = seatsOf(settled);
  const target = desiredOwners(targetOf(seats, ring, loads), seats, current);
  const flows = new Map<string, { slots: MutableFlow; connections: MutableFlow }>();
  for (const { nodeId } of [...ring.members, ...settled.members])
    flows.set(nodeId, { slots: { ...NO_FLOW }, connections: { ...NO_FLOW } });
  const count = (id: string | undefined, kind: keyof MutableFlow, connections: number) => {
    const flow = flows.get(id ?? '');
    if (flow === undefined) return;
    flow.slots[kind]++;
    flow.connections[kind] += connections;
  };
  let slots = 0;
  let moved = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    const from = ring.members[ring.table[slot] ?? NO_OWNER]?.nodeId;
    const to = settled.members[target[slot] ?? NO_OWNER]?.nodeId;
    const connections = loads.connections[slot] ?? 0;
    count(from, 'before', connections);
    count(to, 'after', connections);
    if (from === to) continue;
    slots++;
    moved += connections;
    count(from, 'lost', connections);
    count(to, 'gained', connections);
  }
  const nodes = [...flows].map(([id, flow]) => ({ id, ...flow }));
  return { revision: ring.revision, slots, connections: moved, nodes };
}

type MutableFlow = { -readonly [Kind in keyof Flow]: Flow[Kind] };

const NO_FLOW: Flow = { before: 0, after: 0, gained: 0, lost: 0 };
