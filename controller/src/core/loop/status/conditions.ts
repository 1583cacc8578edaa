import { counted } from '@wscluster/ring';
import type { HotSlot } from './hot-slots.ts';

/** As in Kubernetes; `lastTransitionTime` is ISO 8601 and changes only with `status`. */
export interface Condition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
}

export const CONDITION_TYPES = [
  'BackendsAvailable',
  'RingPublished',
  'RegistrySynced',
  'NodesHaveRoom',
  'SlotsFit',
  'Ready',
] as const;

/**
 * `BackendsAvailable`: the nodes that the spec asks for are ready, and no lost node stays on the ring. `RingPublished`:
 * the ring is in the store, on the bus, and applied by every live gateway. `RegistrySynced`: the registry has the
 * members of the ring; also true if none is configured. `NodesHaveRoom`: no node has as many connections as it may;
 * also true if none has a limit. `SlotsFit`: no slot alone is more than its node's share. `Ready`: backends and ring,
 * and nothing is left to move. It waits for none of the three before it.
 */
export type ConditionType = (typeof CONDITION_TYPES)[number];

export type Finding = Pick<Condition, 'status' | 'reason' | 'message'>;

export interface Observed {
  /** Why the last run could not list the nodes or make a ring of them. */
  readonly failure: string | undefined;
  /** Undefined until a complete listing counts. */
  readonly nodes:
    | {
        /** Desired number of managed nodes. */
        desired: number;
        ready: number;
        /** Nodes that exist, in any state but gone. */
        listed: number;
        managedReady: number;
        held: readonly string[];
        /** Why nodes could not be started or stopped. */
        problem: string | undefined;
        room: Room;
      }
    | undefined;
  readonly publish: { storeError: string | undefined; busError: string | undefined };
  /** This controller stands in as the leader, see Leadership. */
  readonly standingIn: boolean;
  /** Undefined without a registry. */
  readonly registry: { synced: boolean; error: string | undefined } | undefined;
  /** Empty while it is not known. */
  readonly hotSlots: readonly HotSlot[];
  readonly acknowledged: boolean;
  readonly gateways: { ready: number; inSync: number };
  readonly slotsToMove: number;
  /** Gateways are making the moves that were last released. */
  readonly moving: boolean;
  readonly paused: boolean;
}

/** How nodes stand to their limits of connections. */
export interface Room {
  /** Nodes that have a limit. */
  readonly limited: number;
  /** The names of those that have reached it. */
  readonly full: readonly string[];
}

/** Reasons that occur in every change of a healthy cluster. */
const PROGRESS: ReadonlySet<string> = new Set(['Starting', 'NodesMissing', 'Publishing', 'Moving', 'Paused']);

/** Whether a condition that is not True for this reason will pass by itself, and needs nobody's attention. */
export function isProgress(reason: string): boolean {
  return PROGRESS.has(reason);
}

/** The present findings. Pure. */
export function findings(observed: Observed): Record<ConditionType, Finding> {
  const BackendsAvailable = backends(observed);
  const RingPublished = published(observed);
  const RegistrySynced = registered(observed);
  const NodesHaveRoom = roomy(observed);
  const SlotsFit = fitting(observed);
  const Ready = ready(observed, BackendsAvailable, RingPublished);
  return { BackendsAvailable, RingPublished, RegistrySynced, NodesHaveRoom, SlotsFit, Ready };
}

/** The conditions after a finding; a transition time changes only with its status. */
export function withFindings(
  conditions: readonly Condition[],
  found: Record<ConditionType, Finding>,
  observedGeneration: number,
  now: Date,
): Condition[] {
  return Object.entries(found).map(([type, finding]) => {
    const before = conditions.find((condition) => condition.type === type);
    const kept = before?.status === finding.status ? before.lastTransitionTime : now.toISOString();
    return { type: type as ConditionType, ...finding, observedGeneration, lastTransitionTime: kept };
  });
}

function backends({ failure, nodes }: Observed): Finding {
  if (failure !== undefined) return no('ReconcileFailed', failure, 'Unknown');
  if (nodes === undefined) return no('Starting', 'waiting for a complete list of the nodes', 'Unknown');
  if (nodes.held.length > 0)
    return no(
      'MostNodesLost',
      `${nodes.held.length} lost nodes stay on the ring (${nodes.held.join(', ')}), because too many were lost at once: ` +
        'check the source of the nodes; start replacements, or raise rebalance.maxLostShare if they are gone for good',
    );
  if (nodes.problem !== undefined) return no('NodeActionFailed', nodes.problem);
  if (nodes.listed === 0 && nodes.desired === 0)
    return no('NoNodeFound', 'there are no nodes: start some, with the labels of the selector if there is one');
  if (nodes.ready === 0) return no('NoNodeReady', 'no node is ready: see the logs of the nodes');
  if (nodes.managedReady < nodes.desired)
    return no('NodesMissing', `${nodes.managedReady} of ${nodes.desired} nodes are ready`);
  return yes('AllReady', counted(nodes.ready, 'node is ready', 'nodes are ready'));
}

const STANDS_IN =
  'the controller stands in as the leader until its lock can be renewed: it routes around lost nodes, but starts ' +
  'and ends no nodes, and takes no changes';

function published({ publish, standingIn, acknowledged, gateways }: Observed): Finding {
  if (publish.storeError !== undefined)
    return no('StoreUnavailable', standingIn ? `${publish.storeError}; ${STANDS_IN}` : publish.storeError);
  if (standingIn) return no('StandingIn', STANDS_IN);
  if (publish.busError !== undefined) return no('BusUnavailable', publish.busError);
  // A leader that has just begun cannot tell for some seconds whether there is anybody to confirm it.
  if (gateways.ready === 0) return yes('Applied', 'the ring is published; no gateway has reported yet');
  const inSync = `${gateways.inSync} of ${gateways.ready} gateways`;
  if (!acknowledged)
    return no(
      'Publishing',
      `a new ring is being distributed: ${inSync} have confirmed it; the others still route by the previous ring`,
    );
  if (gateways.inSync < gateways.ready)
    return no('GatewaysBehind', `${inSync} route by the newest ring, the others by an older one; see their logs`);
  return yes('Applied', counted(gateways.inSync, 'gateway routes by the ring', 'gateways route by the ring'));
}

function registered({ registry }: Observed): Finding {
  if (registry === undefined) return yes('NotConfigured', 'no registry is configured');
  if (registry.error !== undefined) return no('RegistryUnavailable', registry.error);
  if (!registry.synced) return no('Starting', 'the registry has not been written yet', 'Unknown');
  return yes('Synced', 'the registry holds the members of the ring');
}

function roomy({ nodes }: Observed): Finding {
  if (nodes === undefined) return no('Starting', 'waiting for a complete list of the nodes', 'Unknown');
  const { limited, full } = nodes.room;
  if (limited === 0) return yes('NoLimit', 'no node has a limit of connections');
  if (full.length === 0)
    return yes(
      'AllHaveRoom',
      limited === 1
        ? 'the node with a limit of connections has room'
        : `all ${limited} nodes with a limit of connections have room`,
    );
  const names = full.join(', ');
  if (full.length === nodes.ready)
    return no(
      'AllFull',
      `all nodes have reached their limits of connections (${names}), so limits do not count until there is room: ` +
        'clients still reach the owners of their keys; add nodes, or raise nodes.maxConnections',
    );
  return no(
    'SomeFull',
    `these nodes have reached their limits of connections and take no more slots: ${names}; they keep their clients; ` +
      'add nodes, or raise nodes.maxConnections',
  );
}

function fitting({ nodes, hotSlots }: Observed): Finding {
  if (nodes === undefined) return no('Starting', 'waiting for a complete list of the nodes', 'Unknown');
  if (hotSlots.length === 0) return yes('AllFit', "no slot alone exceeds a node's share");
  const [first] = hotSlots;
  const more = hotSlots.length > 1 ? `, and ${hotSlots.length - 1} more` : '';
  return no(
    'HotSlot',
    `${hotSlotText(first as HotSlot)}${more}; other slots make room for it, but a slot cannot be split: spread the load over more keys`,
  );
}

/** `slot 7 on node a alone has 1.4 times the node's share (keys: "x", "y")`. */
function hotSlotText({ slot, node, times, keys }: HotSlot): string {
  const names = keys.length === 0 ? 'keys not known' : `keys: ${keys.map((key) => JSON.stringify(key)).join(', ')}`;
  return `slot ${slot} on node ${node} alone has ${times.toFixed(1)} times the node's share (${names})`;
}

function ready(observed: Observed, backendsAvailable: Finding, ringPublished: Finding): Finding {
  if (backendsAvailable.status !== 'True') return backendsAvailable;
  // Each step of a rollout is a ring to be confirmed: as long as it moves, that is the news.
  if (ringPublished.status !== 'True' && ringPublished.reason !== 'Publishing') return ringPublished;
  if (observed.slotsToMove > 0)
    return observed.paused
      ? no('Paused', `${counted(observed.slotsToMove, 'slot')} would move; rebalance.paused holds them back`)
      : no('Moving', `${counted(observed.slotsToMove, 'slot is', 'slots are')} left to move`);
  if (ringPublished.status !== 'True') return ringPublished;
  if (observed.moving) return no('Moving', 'the last moves are in progress');
  return yes('Settled', 'the ring is at its target');
}

function yes(reason: string, message: string): Finding {
  return { status: 'True', reason, message };
}

function no(reason: string, message: string, status: 'False' | 'Unknown' = 'False'): Finding {
  return { status, reason, message };
}
