import {
  type ClusterSettings,
  compareRevisions,
  compileRoutes,
  type Member,
  movedSlots,
  type Revision,
  type Ring,
  type Router,
  SLOTS,
} from '@wscluster/ring';
import { type HostPort, parseHostPort } from '@wscluster/service';
import { TrustedProxies } from '../route/trusted-proxies.ts';

/** A member, prepared for routing. */
export interface Owner {
  readonly nodeId: string;
  readonly address: HostPort;
}

/**
 * What this gateway routes by: one immutable snapshot, replaced as a whole, so that a reader sees a ring, settings and
 * history that belong together.
 */
export interface Table {
  readonly ring: Ring;
  readonly settings: ClusterSettings;
  readonly settingsDigest: string;
  readonly router: Router;
  readonly trustedProxies: TrustedProxies;
  /** In the order of `ring.members`. */
  readonly owners: readonly Owner[];
  readonly changes: SlotChanges;
  /** Ids and names of nodes that have left since this gateway's first ring, the last ones at most. */
  readonly departed: ReadonlySet<string>;
}

/** When this gateway last saw each slot's owner change. Never written to after construction. */
export interface SlotChanges {
  /** For each slot, an index into `changes`. */
  readonly last: Readonly<Uint16Array>;
  /** In the order of revisions. The first one is the first ring, which slots refer to that have not changed since. */
  readonly changes: readonly OwnerChange[];
}

export interface OwnerChange {
  readonly revision: Revision;
  /** Monotonic ms (performance.now); -Infinity for the owners of the first ring. */
  readonly at: number;
}

/** At so many changes all but the last ones become one, see compacted. */
const MAX_CHANGES = 1_000;
const KEPT_CHANGES = 500;
const MAX_DEPARTED = 10_000;

/**
 * The table that follows `before`. `now`: monotonic ms. A slot that changed twice between two rings that this gateway
 * received counts as changed at the second: later than true, so that no connection moves too early.
 */
export function nextTable(
  before: Table | undefined,
  ring: Ring,
  { settings, settingsDigest }: Pick<Table, 'settings' | 'settingsDigest'>,
  { now, moved }: { now: number; moved?: readonly number[] | undefined },
): Table {
  const { router, trustedProxies } = before?.settingsDigest === settingsDigest ? before : compiled(settings);
  return {
    ...{ ring, settings, settingsDigest, router, trustedProxies },
    owners: ownersOf(ring, before),
    changes: before === undefined ? firstChanges(ring.revision) : nextChanges(before, ring, now, moved),
    departed: departedAfter(before, ring),
  };
}

function compiled({ routes, trustedProxies = [] }: ClusterSettings): Pick<Table, 'router' | 'trustedProxies'> {
  return { router: compileRoutes(routes), trustedProxies: new TrustedProxies(trustedProxies) };
}

export function ownerOfSlot(table: Table, slot: number): Owner | undefined {
  return table.owners[table.ring.table[slot] as number];
}

/** Whether the slot has kept its owner since this gateway's first ring. */
export function neverChanged(table: Table, slot: number): boolean {
  return lastChange(table, slot).at === Number.NEGATIVE_INFINITY;
}

/** Whether the slot's owner changed at a later revision, which is not released yet. */
export function changedAfter(table: Table, slot: number, revision: Revision): boolean {
  return compareRevisions(lastChange(table, slot).revision, revision) > 0;
}

export function lastChange({ changes: { last, changes } }: Pick<Table, 'changes'>, slot: number): OwnerChange {
  return changes[last[slot] as number] as OwnerChange;
}

/**
 * Owners that stay keep their objects and thus their id strings. Connections hold these strings, and comparing a string
 * with itself makes the scan over all connections fast.
 */
function ownersOf(ring: Ring, before: Table | undefined): readonly Owner[] {
  if (before !== undefined && before.ring.members === ring.members) return before.owners;
  const known = new Map(
    before?.owners.map((owner, index) => [owner.nodeId, { owner, of: before.ring.members[index] }]),
  );
  return ring.members.map((member) => {
    const { owner, of } = known.get(member.nodeId) ?? {};
    return owner !== undefined && of === member ? owner : ownerFrom(member, owner);
  });
}

function ownerFrom({ nodeId, address: text }: Member, before: Owner | undefined): Owner {
  // The schema of members has checked the form, but lets a port above 65,535 pass.
  const address = parseHostPort(text) ?? { host: 'invalid.invalid', port: 1 };
  const isSame = before?.address.host === address.host && before.address.port === address.port;
  return before !== undefined && isSame ? before : { nodeId: before?.nodeId ?? nodeId, address };
}

function departedAfter(before: Table | undefined, ring: Ring): ReadonlySet<string> {
  if (before === undefined) return new Set();
  if (before.ring.members === ring.members) return before.departed;
  const [were, are] = [new Set(before.ring.members), new Set(ring.members)];
  const here = new Set(ring.members.filter((member) => !were.has(member)).flatMap(namesOf));
  const gone = before.ring.members.filter((member) => !are.has(member)).flatMap(namesOf);
  return new Set([...before.departed, ...gone].filter((name) => !here.has(name)).slice(-MAX_DEPARTED));
}

function namesOf({ nodeId, name }: Member): string[] {
  return name === undefined ? [nodeId] : [nodeId, name];
}

function firstChanges(revision: Revision): SlotChanges {
  return { last: new Uint16Array(SLOTS), changes: [{ revision, at: Number.NEGATIVE_INFINITY }] };
}

function nextChanges(
  before: Table,
  ring: Ring,
  now: number,
  moved: readonly number[] = movedSlots(before.ring, ring),
): SlotChanges {
  if (moved.length === 0) return before.changes;
  const { last: lastBefore, changes } =
    before.changes.changes.length < MAX_CHANGES ? before.changes : compacted(before.changes);
  const last = lastBefore.slice();
  for (const slot of moved) last[slot] = changes.length;
  return { last, changes: [...changes, { revision: ring.revision, at: now }] };
}

/**
 * The last changes, and the latest of all before them for these. That is later than true for most, so again no
 * connection moves too early.
 */
function compacted({ last, changes }: SlotChanges): SlotChanges {
  const [first, ...later] = changes as [OwnerChange, ...OwnerChange[]];
  const merged = later.length - KEPT_CHANGES;
  return {
    last: last.map((index) => (index === 0 ? 0 : Math.max(1, index - merged + 1))),
    changes: [first, ...later.slice(merged - 1)],
  };
}
