import { desiredReplicas } from '../spec/nodes-schema.ts';
import type { ClusterSpec } from '../spec/schema.ts';
import type { MembershipPolicy } from './membership.ts';

/** The share of drainSeconds that a draining node's slots wait for its replacement. */
const HANDOVER_SHARE = 0.3;

export function membershipPolicy({ nodes, rebalance }: ClusterSpec): MembershipPolicy {
  const replacementMs = rebalance.replacementSeconds * 1000;
  return {
    replicas: desiredReplicas(nodes),
    defaultWeight: nodes.weight,
    weights: nodes.weights,
    maxConnections: nodes.maxConnections,
    unreadyGraceMs: rebalance.unreadyGraceSeconds * 1000,
    replacementMs,
    handoverMs: Math.min(replacementMs, nodes.drainSeconds * 1000 * HANDOVER_SHARE),
    maxLostShare: rebalance.maxLostShare,
  };
}
