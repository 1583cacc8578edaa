import { z } from 'zod';

/** The most ring ids that one ring can hold; a slot names its owner by a 16-bit index. */
export const MAX_MEMBERS = 4096;

/** `ready` serves; `unready` keeps its slots for a grace time; `draining` still serves while its slots leave. */
export const memberStateSchema = z.enum(['ready', 'unready', 'draining']);

/** Relative share of the slots. */
export const weightSchema = z.number().min(0.01).max(1000);

/** How many connections a node may have before it takes no slots any more; 0: no limit. */
export const maxConnectionsSchema = z.int().min(0).max(10_000_000);

/** A node as the ring sees it. */
export const memberSchema = z.object({
  /**
   * The node's ordinal on the ring; its replacement takes it over. Not unique: a leaving and an arriving node may share
   * one for a moment.
   */
  ringId: z.number().int().min(0).max(0xfffe),
  /** Stable identity of the node (a container id, a pod UID, or an id of our own for a process); unique in a ring. */
  nodeId: z.string().min(1).max(256),
  /** The name that people know it by, if that is not the id. No part of digests, since it routes no slot. */
  name: z.string().min(1).max(256).optional(),
  /** `host:port` where gateways dial it; IPv6 in brackets. */
  address: z.string().regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:/@[\]]+):\d{1,5}$/, 'must be host:port'),
  weight: weightSchema,
  state: memberStateSchema,
});
export type Member = Readonly<z.infer<typeof memberSchema>>;

/**
 * The index of the node of an id, or else of a name; if several have the name, one that is not draining. -1: none.
 */
export function indexOfNode(members: readonly Member[], wanted: string): number {
  const byId = members.findIndex(({ nodeId }) => nodeId === wanted);
  if (byId >= 0) return byId;
  const named = members.findIndex(({ name, state }) => name === wanted && state !== 'draining');
  return named >= 0 ? named : members.findIndex(({ name }) => name === wanted);
}
