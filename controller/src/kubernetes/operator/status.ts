import { formatRevision, messageOf, WsClusterError } from '@wscluster/ring';
import { summaryOf } from '../../core/loop/status/summary.ts';
import type { ClusterView } from '../../core/loop/view.ts';
import { MAX_MESSAGE, type ResourceStatus } from '../crd/status-schema.ts';
import { selectorOf, selectorText } from '../names.ts';
import type { ClusterResource } from './resource.ts';

type Condition = NonNullable<ResourceStatus['conditions']>[number];

/** A problem that the controller of the ring does not know about: of gateways' objects, Secrets or deletion. */
export interface Obstacle {
  readonly reason: string;
  readonly message: string;
  /** The generation of the spec that is refused; the previous spec is in use. */
  readonly ofGeneration?: number;
}

/** The status of a cluster that is led here. */
export function statusOf(
  view: ClusterView,
  { name, status }: ClusterResource,
  obstacle: Obstacle | undefined,
  now: Date,
): ResourceStatus {
  const { ring, conditions, ...summary } = summaryOf(view);
  // The conditions carry the generation of a refused spec, so that whoever waits for it is told.
  const observedGeneration = obstacle?.ofGeneration ?? summary.observedGeneration;
  return {
    ...summary,
    observedGeneration,
    conditions: timed(
      conditions.map((condition) => ({
        ...(condition.type === 'Ready' && obstacle ? hindered(condition, obstacle) : condition),
        observedGeneration,
      })),
      status?.conditions ?? [],
      now,
    ),
    ring: { ...ring, revision: formatRevision(ring) },
    selector: nodeSelector(name, view),
  };
}

/** The status of a cluster that cannot be led: what is known about its ring stays. */
export function brokenStatus({ generation, status }: ClusterResource, obstacle: Obstacle, now: Date): ResourceStatus {
  const before = status?.conditions ?? [];
  const ready: Condition = {
    type: 'Ready',
    status: 'False',
    reason: obstacle.reason,
    message: obstacle.message,
    observedGeneration: generation,
    lastTransitionTime: now.toISOString(),
  };
  return {
    ...status,
    observedGeneration: generation,
    conditions: timed([...before.filter(({ type }) => type !== 'Ready'), ready], before, now),
  };
}

/** Why a cluster could not be led, as one word for programs and a sentence for people. */
export function obstacleOf(failure: unknown): Obstacle {
  const message = messageOf(failure);
  if (!(failure instanceof WsClusterError)) return { reason: 'Failed', message };
  if (failure.code === 'CONFIG_INVALID')
    return { reason: isOfSecret(failure.field) ? 'SecretUnusable' : 'SpecInvalid', message };
  return { reason: REASONS[failure.code] ?? 'Failed', message };
}

/** URLs of brokers are checked in detail when they are first used, and all come from Secrets. */
function isOfSecret(field: string | undefined): boolean {
  return field !== undefined && (field === 'url' || field.endsWith('secretRef'));
}

const REASONS: Partial<Record<WsClusterError['code'], string>> = {
  STORE_UNAVAILABLE: 'StoreUnavailable',
  BUS_UNAVAILABLE: 'BusUnavailable',
  REGISTRY_UNAVAILABLE: 'RegistryUnavailable',
  SOURCE_UNAVAILABLE: 'KubernetesUnavailable',
};

/**
 * Equal texts: there is nothing new to write. Counts of connections change all the time, so they are written only
 * together with something else. The order of keys and conditions does not matter: the API server has its own.
 */
export function meaningOf({ connections: _, conditions = [], ...status }: ResourceStatus): string {
  const told = conditions
    .map(({ lastTransitionTime: __, ...rest }) => rest)
    .sort((one, other) => (one.type < other.type ? -1 : 1));
  return JSON.stringify({ ...status, conditions: told }, sortedKeys);
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

function hindered(condition: Condition, { reason, message }: Obstacle): Condition {
  return { ...condition, status: 'False', reason, message };
}

/** A transition time changes only with its status, even across leaders. */
function timed(conditions: readonly Condition[], before: readonly Condition[], now: Date): Condition[] {
  return conditions.map((condition) => {
    const old = before.find(({ type }) => type === condition.type);
    return {
      ...condition,
      message: condition.message.slice(0, MAX_MESSAGE),
      lastTransitionTime: old?.status === condition.status ? old.lastTransitionTime : now.toISOString(),
    };
  });
}

function nodeSelector(name: string, { spec }: ClusterView): string {
  const labels = spec.nodes.selector?.matchLabels ?? selectorOf({ name }, 'node');
  return selectorText(labels);
}
