import { WsClusterError } from '../errors.ts';
import { createRing, type Ring } from '../ring.ts';
import { type Release, type RingMessage, type Vacancy, WIRE_MAJOR } from './messages.ts';
import { type ClusterSettings, settingsDigest } from './settings.ts';
import { decodeTable, encodeTable } from './table-codec.ts';

/** What is sent along with a ring. */
export interface RingContext {
  readonly cluster: string;
  readonly release: Release;
  readonly settings: ClusterSettings;
  readonly vacancies?: readonly Vacancy[];
}

/** The message that publishes a ring; decodeRing reverses it. */
export function encodeRing(ring: Ring, context: RingContext): RingMessage {
  return {
    wire: WIRE_MAJOR,
    type: 'ring',
    cluster: context.cluster,
    revision: ring.revision,
    release: context.release,
    members: [...ring.members],
    table: encodeTable(ring.table, ring.members.length),
    digest: ring.digest,
    settings: context.settings,
    settingsDigest: settingsDigest(context.settings),
    vacancies: [...(context.vacancies ?? [])],
  };
}

/**
 * The ring of a parsed message. Throws MESSAGE_INVALID if the table is damaged (field `table`), or if members and table
 * do not match the sender's digest (field `digest`). parseRingMessage has checked the digest of the settings.
 */
export function decodeRing(message: RingMessage): Ring {
  const ring = createRing(message.revision, message.members, decodeTable(message.table, message.members.length));
  if (ring.digest !== message.digest)
    throw new WsClusterError(
      'MESSAGE_INVALID',
      `digest: members and table have digest ${ring.digest}, the message says ${message.digest}`,
      { field: 'digest' },
    );
  return ring;
}
