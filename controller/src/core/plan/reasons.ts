import { type Member, ownerOf, type Ring, SLOTS } from '@wscluster/ring';
import { z } from 'zod';
import type { Membership } from '../membership/membership.ts';

/** What moves for one reason. */
export const reasonSchema = z
  .object({
    reason: z
      .enum(['join', 'place', 'leave', 'weight', 'balance', 'underway'])
      .describe(
        'join: to a node that is new. place: to a node that takes the place of one that is lost or leaves. leave: from a node that leaves. weight: a node’s weight changes. balance: to bring the connections of nodes within the tolerance of their shares. underway: they would move without the change, too.',
      ),
    node: z
      .string()
      .nullable()
      .describe('Id of the node that joins, leaves or changes its weight; null: none in particular.'),
    text: z.string().describe('The reason in words, such as "new-1 joins".'),
    slots: z.int(),
    connections: z.int(),
  })
  .meta({ id: 'MoveReason' });
export type Reason = Readonly<z.infer<typeof reasonSchema>>;

const TEXTS: Readonly<Record<Reason['reason'], (name: string) => string>> = {
  join: (name) => `${name} joins`,
  place: (name) => `${name} takes the place of another node`,
  leave: (name) => `${name} leaves`,
  weight: (name) => `${name} has another weight`,
  balance: () => 'balance of connections',
  underway: () => 'under way already',
};

export interface ReasonsInput {
  /** The present ring, ... */
  readonly ring: Ring;
  /** ... the one that follows without the change, ... */
  readonly anyway: Ring;
  /** ... and with it. */
  readonly after: Ring;
  /** The present one. */
  readonly membership: Membership;
  /** By slot. */
  readonly connections: Readonly<Uint32Array>;
}

/** Why each of the slots that change their owner does, most connections first. Pure. */
export function reasonsOf(input: ReasonsInput): readonly Reason[] {
  const { ring, after, connections } = input;
  const causeOf = causes(input);
  const names = new Map([...ring.members, ...after.members].map(({ nodeId, name }) => [nodeId, name ?? nodeId]));
  const sums = new Map<string, { slots: number; connections: number } & Cause>();
  for (let slot = 0; slot < SLOTS; slot++) {
    if (ownerOf(ring, slot)?.nodeId === ownerOf(after, slot)?.nodeId) continue;
    const cause = causeOf(slot);
    const key = `${cause.reason} ${cause.node}`;
    const sum = sums.get(key) ?? { ...cause, slots: 0, connections: 0 };
    sum.slots++;
    sum.connections += connections[slot] ?? 0;
    sums.set(key, sum);
  }
  return [...sums.values()]
    .map((sum) => ({ ...sum, text: TEXTS[sum.reason](names.get(sum.node ?? '') ?? 'a node') }))
    .sort((a, b) => b.connections - a.connections || b.slots - a.slots);
}

type Cause = Pick<Reason, 'reason' | 'node'>;

function causes({ ring, anyway, after, membership }: ReasonsInput): (slot: number) => Cause {
  const before = byNode(membership.members);
  const later = byNode(after.members);
  const { vacancies, held } = membership;
  const places = new Set([
    ...vacancies.map(({ ringId }) => ringId),
    ...held.flatMap((nodeId) => before.get(nodeId)?.ringId ?? []),
  ]);
  const isReweighted = (nodeId: string | undefined): nodeId is string => {
    const [old, next] = [before.get(nodeId ?? ''), later.get(nodeId ?? '')];
    return old !== undefined && next !== undefined && old.weight !== next.weight;
  };
  return (slot) => {
    const from = ownerOf(ring, slot)?.nodeId;
    const to = ownerOf(after, slot);
    if (ownerOf(anyway, slot)?.nodeId === to?.nodeId) return { reason: 'underway', node: null };
    if (to !== undefined && !before.has(to.nodeId))
      return { reason: places.has(to.ringId) ? 'place' : 'join', node: to.nodeId };
    if (from === undefined || !later.has(from)) return { reason: 'leave', node: from ?? null };
    const reweighted = [to?.nodeId, from].find(isReweighted);
    return reweighted === undefined ? { reason: 'balance', node: null } : { reason: 'weight', node: reweighted };
  };
}

function byNode(members: readonly Member[]): ReadonlyMap<string, Member> {
  return new Map(members.map((member) => [member.nodeId, member]));
}
