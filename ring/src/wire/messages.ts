import { z } from 'zod';
import { MAX_MEMBERS, type Member, memberSchema } from '../member.ts';
import { revisionSchema } from '../revision.ts';
import { clusterSettingsSchema } from './settings.ts';
import { askedLoadSchema, slotLoadSchema } from './slot-load.ts';

/** Major version of the wire format. Fields may be added within a major version; readers ignore unknown fields. */
export const WIRE_MAJOR = 1;

const digest = z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hex digits');

/**
 * Which owner changes gateways may carry out on live connections, and how fast. Travels in rings and heartbeats.
 */
export const releaseSchema = z.object({
  /**
   * Every live gateway has applied this revision (or its deadline has passed), so changes up to it may move
   * connections.
   */
  movableUpTo: revisionSchema,
  /** Milliseconds over which a gateway spreads the moves of one release; 0: at once. */
  spreadMs: z.number().int().nonnegative(),
  /** Most moves per second of a gateway that has to catch up; 0: no limit. */
  maxPerSecond: z.number().nonnegative(),
});
export type Release = Readonly<z.infer<typeof releaseSchema>>;

const envelope = { wire: z.literal(WIRE_MAJOR), cluster: z.string().min(1) };

/** A ring id may occur twice for a moment; a node id never does. */
const membersSchema = z
  .array(memberSchema)
  .max(2 * MAX_MEMBERS)
  .superRefine(refuseDoubledNodes);

/** How members differ from those of the base; in the order of ring ids, then of node ids. */
const memberChangesSchema = z.object({
  /** Node ids of members that have left. */
  gone: z.array(z.string()),
  /** Members that are new, or differ. */
  here: membersSchema,
});
export type MemberChanges = Readonly<z.infer<typeof memberChangesSchema>>;

const vacanciesSchema = z
  .array(
    z.object({
      ringId: z.number().int().nonnegative(),
      nodeId: z.string(),
      weight: z.number().positive(),
      managed: z.boolean(),
      /** Unix time in milliseconds. */
      since: z.number().nonnegative(),
    }),
  )
  .default([]);

/** Controller to all followers, and the snapshot in the ring store. */
export const ringMessageSchema = z.object({
  ...envelope,
  type: z.literal('ring'),
  revision: revisionSchema,
  release: releaseSchema,
  members: membersSchema,
  /** base64 of the owner of each slot, packed into as few bits as the number of members needs; see encodeTable. */
  table: z.string(),
  digest,
  settings: clusterSettingsSchema,
  settingsDigest: digest,
  /** Ring ids kept for the replacement of a lost node; others serve their slots meanwhile. For the controller only. */
  vacancies: vacanciesSchema,
});
export type RingMessage = z.infer<typeof ringMessageSchema>;
export type Vacancy = Readonly<RingMessage['vacancies'][number]>;

/**
 * Controller to all followers: the difference between a ring and the previous one. Small, since few slots change at a
 * time. A follower that does not hold the previous ring reads the store.
 */
export const ringChangeSchema = z.object({
  ...envelope,
  type: z.literal('change'),
  base: z.object({ revision: revisionSchema, digest, settingsDigest: digest }),
  revision: revisionSchema,
  release: releaseSchema,
  /** Left out when they are those of the base, or `memberChanges` says how they differ. */
  members: membersSchema.optional(),
  memberChanges: memberChangesSchema.optional(),
  /** base64 of the slots whose node changes: little-endian, 16 bits slot, 16 bits index into the new members. */
  slots: z.string(),
  /** Digest of the new ring. */
  digest,
  /** Left out when they are those of the base. */
  settings: clusterSettingsSchema.optional(),
  settingsDigest: digest,
  vacancies: vacanciesSchema,
});
export type RingChange = z.infer<typeof ringChangeSchema>;

/** What the controller tells all gateways about their reports. */
const reportingSchema = z.object({
  /** Gateways that must send a whole report, since the controller does not know what their changes are changes of. */
  wholeOf: z.array(z.string()),
  /** Milliseconds over which gateways spread their acknowledgements, so that they don't all come at the same moment. */
  spreadMs: z.number().nonnegative(),
  /** What gateways measure beside connections; left out: nothing. */
  load: askedLoadSchema,
});
export type Reporting = Readonly<z.infer<typeof reportingSchema>>;

/** Clients that a gateway has to send back to its load balancer, since it has more than others. */
const surplusSchema = z.object({
  gateway: z.string().min(1),
  /** Differs from order to order; the same one is carried out once. */
  order: z.string().min(1).max(64),
  connections: z.number().int().positive(),
  /** Milliseconds over which they are told. */
  spreadMs: z.number().nonnegative(),
});
export type Surplus = Readonly<z.infer<typeof surplusSchema>>;

/** Controller to all followers, every second and whenever the release changes. */
export const heartbeatSchema = z.object({
  ...envelope,
  type: z.literal('heartbeat'),
  revision: revisionSchema,
  digest,
  settingsDigest: digest,
  release: releaseSchema,
  /**
   * The leader cannot renew its lock, because the lock's service is away: another one may lead by now, so look for a
   * newer ring in the store. Left out otherwise.
   */
  standIn: z.literal(true).optional(),
  /** Left out by controllers that know no changes of reports: they need whole ones. */
  reporting: reportingSchema.optional(),
  /** One for a gateway; what is no longer repeated is not carried on. Left out if there is none. */
  surplus: z.array(surplusSchema).optional(),
});
export type Heartbeat = z.infer<typeof heartbeatSchema>;

/** A key and its live client connections. */
export const hotKeySchema = z.object({ key: z.string().min(1), connections: z.int().positive() });
export type HotKey = Readonly<z.infer<typeof hotKeySchema>>;

/** A slot with much of the load of a gateway, and the hottest of its keys there, most first. */
const hotSlotKeysSchema = z.object({ slot: z.int().nonnegative(), keys: z.array(z.string().min(1)).max(10) });
export type HotSlotKeys = Readonly<z.infer<typeof hotSlotKeysSchema>>;

/** Which report of a gateway this is. */
const reportIdSchema = z.object({
  /** Differs from process to process. */
  run: z.string().min(1).max(64),
  /** Counts the reports of the process. */
  number: z.number().int().nonnegative(),
});

const byNodeSchema = z.record(z.string(), z.number().int().nonnegative());

/** What every report says. */
const reported = {
  ...envelope,
  gateway: z.string().min(1),
  /** Where clients reach the gateway, as far as it knows: `host:port`. */
  address: z.string(),
  /** The revision that the gateway routes by. */
  applied: revisionSchema,
  /** Connections moved since the process started: their clients were told to reconnect, or did not notice. */
  moved: z.number().int().nonnegative(),
  /** Of those the ones that moved without their clients noticing; left out if there are none. */
  migrated: z.number().int().nonnegative().optional(),
  /** What it was asked to measure; left out by gateways that were not asked, or know no load. */
  load: slotLoadSchema.optional(),
  /** Of that load; in a change left out if they are the same, in a whole report if there are none. */
  hotSlots: z.array(hotSlotKeysSchema).max(1_000).optional(),
};

/**
 * Gateway to controller, every second and right after applying a ring: a sign of life and an acknowledgement. With all
 * its connections: the first over each connection to the bus, and those that the controller asks for.
 */
export const reportSchema = z.object({
  ...reported,
  type: z.literal('report'),
  /** Left out by gateways that send no changes. */
  id: reportIdSchema.optional(),
  /** Live connections by slot, see encodeSlotCounts. Without an id, left out if unchanged since the last report. */
  connections: z.string().optional(),
  /** Live client connections by node id: actual connections, including those to nodes that no longer own the slot. */
  connectionsByNode: byNodeSchema,
  /** Of those the ones that belong to their node, not to a slot; left out if there are none. */
  pinnedByNode: byNodeSchema.optional(),
  /** Of the others the ones that move without their clients noticing; left out if there are none. */
  portableByNode: byNodeSchema.optional(),
  /** Of connectionsByNode the event streams; left out if there are none. */
  eventStreamsByNode: byNodeSchema.optional(),
  /** The keys with the most connections to this gateway, at least 2 each, most first; left out if there are none. */
  hotKeys: z.array(hotKeySchema).max(100).optional(),
});
export type Report = z.infer<typeof reportSchema>;

/**
 * The same as the difference to the gateway's previous report, whose number is one less. Says what has changed and is
 * now; what is left out has not changed.
 */
export const reportChangeSchema = z.object({
  ...reported,
  type: z.literal('report-change'),
  id: reportIdSchema,
  /** See encodeSlotChanges. */
  connections: z.string().optional(),
  /** 0: none any more. */
  connectionsByNode: byNodeSchema.optional(),
  pinnedByNode: byNodeSchema.optional(),
  portableByNode: byNodeSchema.optional(),
  eventStreamsByNode: byNodeSchema.optional(),
  /** All of them. */
  hotKeys: reportSchema.shape.hotKeys,
});
export type ReportChange = z.infer<typeof reportChangeSchema>;

/** Gateway to controller when it stops, so that nobody waits for it any more. */
export const leaveSchema = z.object({
  ...envelope,
  type: z.literal('leave'),
  gateway: z.string().min(1),
});
export type Leave = z.infer<typeof leaveSchema>;

/** A new leader to the gateways, if they report a newer ring than the store holds: it asks them to send it back. */
const recallSchema = z.object({ ...envelope, type: z.literal('recall') });

/** Gateway to controller, in answer to a recall: the ring that it routes by. */
const heldSchema = z.object({
  ...envelope,
  type: z.literal('held'),
  gateway: z.string().min(1),
  ring: ringMessageSchema,
});

/** What the controller sends. */
export const broadcastSchema = z.discriminatedUnion('type', [
  ringMessageSchema,
  ringChangeSchema,
  heartbeatSchema,
  recallSchema,
]);
export type Broadcast = z.infer<typeof broadcastSchema>;

/** What followers send. */
export const uplinkSchema = z.discriminatedUnion('type', [reportSchema, reportChangeSchema, leaveSchema, heldSchema]);
export type Uplink = z.infer<typeof uplinkSchema>;

/** A report in either form. */
export type AnyReport = Report | ReportChange;

export function isReport(message: Uplink): message is AnyReport {
  return message.type === 'report' || message.type === 'report-change';
}

function refuseDoubledNodes(members: readonly Member[], ctx: z.RefinementCtx): void {
  const seen = new Set<string>();
  for (const [index, { nodeId }] of members.entries()) {
    if (seen.has(nodeId))
      ctx.addIssue({
        code: 'custom',
        path: [index, 'nodeId'],
        message: `another member already has the node id ${nodeId}`,
      });
    seen.add(nodeId);
  }
}
