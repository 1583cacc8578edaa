import { NO_OWNER, type Revision, type Ring, reindexed, SLOTS } from '@wscluster/ring';
import type { Membership } from '../membership/membership.ts';
import { type Assign, desiredTable } from '../membership/target.ts';

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
  readonly gained: number;
  readonly lost: number;
}

/**
 * What moves between the present and the final ring, by the present connections. At the end a leaving node counts as
 * gone. Pure.
 */
export function planChange(
  ring: Ring,
  after: Membership,
  connections: Readonly<Uint32Array>,
  cap: number,
  assign: Assign,
): Plan {
  const settled = { ...after, members: after.members.filter(({ state }) => state !== 'draining') };
  const current = reindexed(ring.table, ring.members, settled.members);
  const target = desiredTable(settled, current, cap, assign);
  const flows = new Map<string, { slots: MutableFlow; connections: MutableFlow }>();
  const flowOf = (id: string) => {
    const flow = flows.get(id) ?? { slots: { gained: 0, lost: 0 }, connections: { gained: 0, lost: 0 } };
    flows.set(id, flow);
    return flow;
  };
  for (const { nodeId } of [...ring.members, ...settled.members]) flowOf(nodeId);
  let slots = 0;
  let moved = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    const from = ring.members[ring.table[slot] ?? NO_OWNER]?.nodeId;
    const to = settled.members[target[slot] ?? NO_OWNER]?.nodeId;
    if (from === to) continue;
    const count = connections[slot] ?? 0;
    slots++;
    moved += count;
    if (from !== undefined) add(flowOf(from), 'lost', count);
    if (to !== undefined) add(flowOf(to), 'gained', count);
  }
  const nodes = [...flows].map(([id, flow]) => ({ id, ...flow }));
  return { revision: ring.revision, slots, connections: moved, nodes };
}

interface MutableFlow {
  gained: number;
  lost: number;
}

function add(
  flow: { slots: MutableFlow; connections: MutableFlow },
  way: 'gained' | 'lost',
  connections: number,
): void {
  flow.slots[way]++;
  flow.connections[way] += connections;
}
