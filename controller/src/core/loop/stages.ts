import type { Revision } from '@wscluster/ring';
import type { EventLog } from '../events/event-log.ts';
import { restore } from '../membership/restore.ts';
import { GatewayLink } from '../publish/gateway-link.ts';
import { Publisher } from '../publish/publisher.ts';
import { RegistrySync } from '../publish/registry-sync.ts';
import { Rollout } from '../rollout/rollout.ts';
import { Scaler } from '../scale/scaler.ts';
import type { ClusterSpec } from '../spec/schema.ts';
import type { Intervals } from './intervals.ts';
import { Loop } from './loop.ts';
import { LostDocuments } from './lost-documents.ts';
import type { OpenedParts } from './open-parts.ts';
import type { ReignParts } from './parts.ts';
import { RingSteps } from './ring-steps.ts';

/** The stages that a change passes through. */
export interface Stages {
  readonly loop: Loop;
  readonly steps: RingSteps;
  readonly rollout: Rollout;
  readonly link: GatewayLink;
  readonly publisher: Publisher;
  /** Undefined without a registry. */
  readonly registry: RegistrySync | undefined;
  readonly scaler: Scaler;
  readonly documents: LostDocuments;
}

export interface StageHandlers {
  readonly events: EventLog;
  /** This process may write what nothing fences. */
  leading(): boolean;
  /** A newer ring turned up, from which this leader should have gone on. */
  isBehind(seen: Revision): boolean;
  /** The loop should run again, within this many ms; default at once. */
  wake(inMs?: number): void;
  /** The view has to be replaced. */
  onChange(): void;
  /** The conditions have to be judged again. */
  onFinding(): void;
  /** A run of the loop has taken its listing. */
  onTaken(): void;
}

/** The stages of one cluster, starting from the stored ring. */
export function makeStages(
  parts: ReignParts,
  opened: OpenedParts,
  intervals: Intervals,
  handlers: StageHandlers,
): Stages {
  const { name, spec, store, log } = parts;
  const { stored, bus, source } = opened;
  const { events, leading, isBehind, wake, onChange, onFinding, onTaken } = handlers;
  const { ring, membership } = restore(stored);
  const documents = new LostDocuments(() => parts.restoreDocuments());
  const publisher = new Publisher({
    ...{ cluster: name, bus, store, log, storeFirstMs: intervals.storeFirstMs },
    standingIn: () => parts.leadership.standingIn,
    onStoreLost: () => documents.restore(),
  });
  const rollout = new Rollout(ring, stored?.release);
  const link = new GatewayLink({
    ...{ rollout, publisher, store, events, log, isBehind, onChange },
    balancing: () => balancingOf(spec.spec),
    confirmLead: () => parts.leadership.confirm(),
    onPlanIn: wake,
    onEpochRaised() {
      steps.repeat();
      onChange();
      wake();
    },
  });
  const steps = new RingSteps({ rollout, link, events, log });
  const registry =
    opened.registry && new RegistrySync({ registry: opened.registry, log, leading, onStatus: onFinding });
  const scaler = new Scaler(source, log);
  const loop = new Loop(
    {
      ...{ spec, source, rollout, link, steps, scaler, registry, events, intervals, log, leading, onTaken },
      wakeIn: wake,
    },
    membership,
  );
  return { loop, steps, rollout, link, publisher, registry, scaler, documents };
}

/** Where the pace has no limit, so many clients a second are told to come to another gateway. */
const UNLIMITED_PER_SECOND = 500;

function balancingOf({ gateway, rebalance: { paused, maxConnectionsPerSecond } }: ClusterSpec) {
  const perSecond = maxConnectionsPerSecond === 0 ? UNLIMITED_PER_SECOND : maxConnectionsPerSecond;
  return { enabled: gateway.rebalance && !paused, perSecond };
}
