import { WsClusterError } from '../errors.ts';
import { createRing, movedSlots, NO_OWNER, type Ring, reindexed, SLOTS } from '../ring.ts';
import { decodeBase64 } from './base64.ts';
import { type RingChange, WIRE_MAJOR } from './messages.ts';
import type { RingContext } from './ring-codec.ts';
import { settingsDigest } from './settings.ts';

/** Beyond this many slots the whole table is hardly longer, and needs no ring to start from. */
const MAX_SLOTS = 8_192;

/** Of a slot and the index of its new owner, 16 bits each. */
const ENTRY_BYTES = 4;

/**
 * What makes `to` out of `from`, for followers that hold `from` with these settings; applyChange undoes it. Undefined
 * when so much has changed that the whole ring is the better message.
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
    ...(JSON.stringify(from.members) !== JSON.stringify(to.members) && { members: [...to.members] }),
    slots: Buffer.from(slots.buffer).toString('base64'),
    digest: to.digest,
    ...(digest !== context.settingsBefore && { settings: context.settings }),
    settingsDigest: digest,
    vacancies: [...(context.vacancies ?? [])],
  };
}

/**
 * The ring that a change makes of its base, and the slots whose node differs. Throws MESSAGE_INVALID when the slots are damaged (field `slots`), or when the
 * result is not the ring that the sender has (field `digest`).
 */
export function applyChange(base: Ring, change: RingChange): { ring: Ring; moved: readonly number[] } {
  const members = change.members ?? base.members;
  const table = reindexed(base.table, base.members, members);
  const entries = decodeBase64(change.slots, SLOTS * ENTRY_BYTES, 'slots');
  if (entries.length % ENTRY_BYTES !== 0)
    throw invalid('slots', `has ${entries.length} bytes, must be slots of 4 bytes`);
  const moved: number[] = [];
  for (let at = 0; at < entries.length; at += ENTRY_BYTES) {
    const index = entries.readUInt16LE(at + 2);
    if (index !== NO_OWNER && index >= members.length)
      throw invalid('slots', `one names member ${index} of only ${members.length}`);
    const slot = entries.readUInt16LE(at);
    table[slot] = index;
    moved.push(slot);
  }
  const ring = createRing(change.revision, members, table);
  if (ring.digest === change.digest) return { ring, moved };
  throw invalid('digest', `the change makes a ring with digest ${ring.digest}, the message says ${change.digest}`);
}

function invalid(field: string, what: string): WsClusterError {
  return new WsClusterError('MESSAGE_INVALID', `${field}: ${what}`, { field });
}
