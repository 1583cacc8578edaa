import { WsClusterError } from '../errors.ts';
import { changedRing, type Entry, movedSlots, NO_OWNER, type Ring, SLOTS } from '../ring.ts';
import { decodeBase64 } from './base64.ts';
import { areSame, changedMembers, memberChangesOf } from './member-changes.ts';
import { type RingChange, WIRE_MAJOR } from './messages.ts';
import type { RingContext } from './ring-codec.ts';
import { settingsDigest } from './settings.ts';

/** Beyond this many slots the whole table is hardly longer, and it needs no base. */
const MAX_SLOTS = 8_192;

/** A slot and the index of its new owner, 16 bits each. */
const ENTRY_BYTES = 4;

/**
 * The difference between two rings, for followers that hold `from` with these settings; applyChange applies it.
 * Undefined if so much has changed that sending the whole ring is better.
 */
export function encodeChange(
  from: Ring,
  to: Ring,
  context: RingContext & { readonly settingsBefore: string },
): RingChange | undefined {
  const moved = movedSlots(from, to);
  if (moved.length > MAX_SLOTS) return undefined;
  const slots = new DataView(new ArrayBuffer(moved.length * ENTRY_BYTES));
  for (const [position, slot] of moved.entries()) {
    slots.setUint16(position * ENTRY_BYTES, slot, true);
    slots.setUint16(position * ENTRY_BYTES + 2, to.table[slot] as number, true);
  }
  const digest = settingsDigest(context.settings);
  return {
    wire: WIRE_MAJOR,
    type: 'change',
    cluster: context.cluster,
    base: { revision: from.revision, digest: from.digest, settingsDigest: context.settingsBefore },
    revision: to.revision,
    release: context.release,
    ...memberFields(from, to),
    slots: Buffer.from(slots.buffer).toString('base64'),
    digest: to.digest,
    ...(digest !== context.settingsBefore && { settings: context.settings }),
    settingsDigest: digest,
    vacancies: [...(context.vacancies ?? [])],
  };
}

function memberFields(from: Ring, to: Ring): Pick<RingChange, 'members' | 'memberChanges'> {
  if (areSame(from.members, to.members)) return {};
  const changes = memberChangesOf(from.members, to.members);
  return changes === undefined ? { members: [...to.members] } : { memberChanges: changes };
}

/**
 * Applies a change to its base. Returns the new ring and the slots whose node differs. Throws MESSAGE_INVALID if the
 * slots are damaged (field `slots`), or if the result is not the sender's ring (field `digest`).
 */
export function applyChange(base: Ring, change: RingChange): { ring: Ring; moved: readonly number[] } {
  const { memberChanges } = change;
  const members = change.members ?? (memberChanges && changedMembers(base.members, memberChanges));
  const entries = decodeEntries(change.slots, (members ?? base.members).length);
  const ring = changedRing(base, change.revision, members, entries);
  if (ring.digest === change.digest) return { ring, moved: entries.map(([slot]) => slot) };
  throw invalid('digest', `the changed ring has digest ${ring.digest}, the message says ${change.digest}`);
}

function decodeEntries(text: string, memberCount: number): Entry[] {
  const bytes = decodeBase64(text, SLOTS * ENTRY_BYTES, 'slots');
  if (bytes.length % ENTRY_BYTES !== 0) throw invalid('slots', `has ${bytes.length} bytes, must be a multiple of 4`);
  const entries: Entry[] = [];
  for (let at = 0; at < bytes.length; at += ENTRY_BYTES) {
    const index = uint16(bytes, at + 2);
    if (index !== NO_OWNER && index >= memberCount)
      throw invalid('slots', `names member ${index} of only ${memberCount}`);
    entries.push([uint16(bytes, at), index]);
  }
  return entries;
}

/** Little-endian. Buffer's own method checks the range on each call. */
function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

function invalid(field: string, what: string): WsClusterError {
  return new WsClusterError('MESSAGE_INVALID', `${field}: ${what}`, { field });
}
