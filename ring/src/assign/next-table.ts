import { NO_OWNER, SLOTS } from '../ring.ts';
import type { WeightedId } from './candidates.ts';
import { Draft, NOBODY } from './draft.ts';
import { giveSlots } from './give.ts';
import { checkMembers, invalid } from './members.ts';
import { placeSlots } from './place.ts';
import { rendezvousTable } from './rendezvous.ts';
import { DEFAULT_TOLERANCE, sharesOf } from './shares.ts';
import { swapSlots } from './swap.ts';

const MAX_TOLERANCE = 1;
const DEFAULT_EXTRA = 1;

const UNOWNED: Readonly<Uint16Array> = new Uint16Array(SLOTS).fill(NO_OWNER);

export interface Present {
  /**
   * The ring id of each slot's owner. NO_OWNER, or an id that no member has: the slot has to be placed. Default: nobody
   * owns any of the SLOTS slots.
   */
  readonly table?: Readonly<Uint16Array> | undefined;
  readonly members: readonly WeightedId[];
  /**
   * The ring id of whoever had each slot before it was lost and comes back; NO_OWNER: nobody. It gets these slots
   * rather than others, and if only such members take slots, no connections on other slots move. Default: nobody.
   */
  readonly former?: Readonly<Uint16Array> | undefined;
  /** Live connections on each slot. Undefined: none is known of. */
  readonly connections?: Readonly<Uint32Array> | undefined;
  /**
   * What counts instead of connections wherever members are compared with their shares, such as messages. Connections
   * are still what it costs to move a slot. It must not be 0 for slots that have connections. Default: connections.
   */
  readonly load?: Readonly<Uint32Array> | undefined;
  /**
   * How far a member's connections may be from its share, as a part of the share, 0 to 1. Infinity: they are not
   * balanced. Default 0.05.
   */
  readonly tolerance?: number | undefined;
  /**
   * How many connections may move to balance members that the change does not concern, relative to those that it moves
   * itself. Default 1: at most as many again.
   */
  readonly extra?: number | undefined;
  /**
   * If it is there, each member keeps its number of slots, and slots are only swapped for balance: at most so many
   * connections move. Every slot needs an owner among the members.
   */
  readonly balance?: number | undefined;
  /** Leave slots that have connections where they are, as long as their owner is a member. Default false. */
  readonly onlyEmpty?: boolean | undefined;
}

/**
 * The ring id that should own each slot: the present table, changed as little as possible. Each member gets its exact
 * share of the slots by weight and limit, rounded up or down; a table that has this already stays as it is, however its
 * connections are spread. Otherwise the fewest connections move that give members that take slots as many as these
 * are due, and, as far as `extra` allows, bring each member's connections down to its share plus the tolerance; and
 * of the tables that do this, one that moves hardly more slots than it must. Slots without connections go first. All
 * NO_OWNER without members. No slot with connections goes to a member that would then have more than it may, unless
 * nobody else can have it.
 *
 * Without any owner among the members the table is made by rendezvous hashing, see rendezvousTable.
 *
 * Depends on nothing but its input. Throws CONFIG_INVALID naming the field.
 */
export function nextTable(present: Present): Uint16Array {
  const { table = UNOWNED, tolerance = DEFAULT_TOLERANCE, extra = DEFAULT_EXTRA, onlyEmpty = false } = present;
  checkMembers(present.members);
  if (!(tolerance >= 0 && (tolerance <= MAX_TOLERANCE || tolerance === Number.POSITIVE_INFINITY)))
    throw invalid('tolerance', `must be from 0 to ${MAX_TOLERANCE} or Infinity, not ${tolerance}`);
  if (present.members.length === 0) return new Uint16Array(table.length).fill(NO_OWNER);
  const members = [...present.members].sort((a, b) => a.ringId - b.ringId);
  const ringIds = members.map(({ ringId }) => ringId);
  const origin = indices(table, members);
  const former =
    present.former === undefined ? new Uint16Array(table.length).fill(NOBODY) : indices(present.former, members);
  const connections = present.connections ?? new Uint32Array(table.length);
  const isNew = table.length === SLOTS && origin.every((member) => member === NOBODY);
  const start = isNew ? indices(rendezvousTable(members), members) : origin;
  const draft = new Draft(start, former, { connections, size: present.load ?? connections }, members.length);
  const shares = sharesOf(draft, members, tolerance);
  const all = ringIds.map((_, member) => member);
  const takers = all.filter((member) => (draft.held[member] as number) < (shares.slots[member] as number));
  const mayBalance = !onlyEmpty && tolerance !== Number.POSITIVE_INFINITY;
  if (present.balance !== undefined) {
    if (mayBalance) swapSlots({ draft, shares, takers: all, fresh: new Set(), budget: present.balance });
  } else if (takers.length > 0) {
    const fresh = new Set(takers.filter((taker) => draft.held[taker] === 0));
    const onlyBack = takers.every((taker) => draft.formerLoads.has(taker));
    giveSlots({ draft, shares, ringIds, takers, onlyEmpty, onlyBack });
    placeSlots(draft, shares, ringIds, takers);
    if (mayBalance && !onlyBack) swapSlots({ draft, shares, takers, fresh, budget: extra * draft.moving });
  }
  const next = new Uint16Array(table.length).fill(NO_OWNER);
  for (let slot = 0; slot < next.length; slot++) {
    const member = draft.owner[slot] as number;
    if (member !== NOBODY) next[slot] = ringIds[member] as number;
  }
  return next;
}

/** Whether each member has its share of the slots, so that the next table is the same one. */
export function hasItsShares(
  table: Readonly<Uint16Array>,
  members: readonly WeightedId[],
  connections: Readonly<Uint32Array>,
): boolean {
  const next = nextTable({ table, members, connections, tolerance: Number.POSITIVE_INFINITY });
  return next.every((ringId, slot) => ringId === table[slot]);
}

/** The table by the indices of members. */
function indices(table: Readonly<Uint16Array>, members: readonly WeightedId[]): Uint16Array {
  const indexOf = new Uint16Array(0x1_0000).fill(NOBODY);
  for (const [index, { ringId }] of members.entries()) indexOf[ringId] = index;
  const owners = new Uint16Array(table.length);
  for (let slot = 0; slot < table.length; slot++) owners[slot] = indexOf[table[slot] as number] as number;
  return owners;
}
