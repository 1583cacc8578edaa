import { maxConnectionsSchema, weightSchema } from '@wscluster/ring';
import type { Workload } from '../../core/ports/workload-source.ts';
import { ANNOTATIONS, type ClusterIdentity, LABELS, type Role } from '../names.ts';
import type { Pod } from './pod.ts';

/** What is kept in memory of a pod that is a node. */
export interface PodFacts {
  readonly uid: string;
  readonly name: string;
  /** Of the node's container. */
  readonly image: string | undefined;
  /** Unix ms. */
  readonly createdAt: number;
  /** The controller created it for this very cluster. */
  readonly managed: boolean;
  readonly templateHash: string | undefined;
  /** The workload of somebody else that created it, and from which template. */
  readonly made: Workload['made'];
  /** A ReplicaSet created it, and may choose it when it shrinks. */
  readonly ofReplicaSet: boolean;
  readonly deletionCost: number;
  readonly weight: number | undefined;
  readonly maxConnections: number | undefined;
  readonly port: number | undefined;
  /** TCP ports that the node's container declares; often none, which means nothing. */
  readonly declaredPorts: readonly number[];
  /** Since when its annotation asks it to drain, Unix ms, or 'unknown'. */
  readonly drain: number | 'unknown' | undefined;
  /** Annotations with unusable values, in words. */
  readonly problems: readonly string[];
  readonly ip: string | undefined;
  /** From its condition, which includes readiness gates. */
  readonly ready: boolean;
  /** State of the node's container. `ended`: it has run, and may be started again. */
  readonly container: 'waiting' | 'running' | 'ended';
  /** How often the node's container was restarted; it tells one run from the next. */
  readonly run: number;
  /** Whether the container is restarted when it ends. */
  readonly restarts: boolean;
  /** The pod has ended for good. */
  readonly ended: boolean;
  readonly exitCode: number | undefined;
  /** Why it ended or is not ready, in the words of Kubernetes; empty if there is no reason. */
  readonly reason: string;
  /** If it is being deleted: since when, and when it must have ended, Unix ms. */
  readonly deletion: { readonly since: number; readonly until: number } | undefined;
  /** Time between the stop signal and SIGKILL, s. */
  readonly graceSeconds: number;
}

const NODE: Role = 'node';
/** Labels that Kubernetes puts on pods: by the template of a Deployment, ... */
const DEPLOYMENT_HASH = 'pod-template-hash';
/** ... and by that of a StatefulSet or DaemonSet. */
const REVISION_HASH = 'controller-revision-hash';
const MAX_REASON = 300;
const DEFAULT_GRACE_SECONDS = 30;

/**
 * The facts of a pod; undefined if it is not a node of the cluster: another cluster's node, a gateway, or a node of a
 * former cluster.
 */
export function podFacts(pod: Pod, cluster: ClusterIdentity): PodFacts | undefined {
  const { metadata, spec, status = {} } = pod;
  const { labels = {}, ownerReferences: owners = [] } = metadata;
  const managed = owners.some(({ uid }) => uid === cluster.uid) && labels[LABELS.role] === NODE;
  const madeByUs = labels[LABELS.role] !== undefined;
  if (!managed && (madeByUs || (labels[LABELS.cluster] ?? cluster.name) !== cluster.name)) return undefined;

  const node = status.containerStatuses?.find(({ name }) => name === spec.containers[0]?.name);
  const { state = {}, lastState = {}, restartCount: run = 0 } = node ?? {};
  const hasRun = run > 0 || lastState.terminated !== undefined;
  const container =
    state.running !== undefined
      ? 'running'
      : state.terminated !== undefined || (state.waiting !== undefined && hasRun)
        ? 'ended'
        : 'waiting';
  const terminated = state.terminated ?? lastState.terminated;
  const ended = status.phase === 'Succeeded' || status.phase === 'Failed';
  const ready = status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
  const { deletionTimestamp, deletionGracePeriodSeconds: grace = 0 } = metadata;
  const until = deletionTimestamp === undefined ? undefined : Date.parse(deletionTimestamp);
  return {
    uid: metadata.uid,
    name: metadata.name,
    image: spec.containers[0]?.image,
    createdAt: Date.parse(metadata.creationTimestamp ?? '') || 0,
    managed,
    templateHash: labels[LABELS.templateHash],
    made: makerOf(pod),
    ofReplicaSet: owners.some(({ kind, controller }) => kind === 'ReplicaSet' && controller === true),
    ...annotated(metadata.annotations ?? {}),
    declaredPorts: declaredPortsOf(spec.containers[0]),
    ip: status.podIP || undefined,
    ready,
    container,
    run,
    restarts: restartsAfter(spec.restartPolicy, terminated?.exitCode),
    ended,
    exitCode: terminated?.exitCode,
    reason: ready && !ended && container === 'running' ? '' : reasonOf(status, state, terminated),
    deletion: until === undefined ? undefined : { since: until - grace * 1000, until },
    graceSeconds: spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS,
  };
}

/**
 * A Deployment has a ReplicaSet for each template, named after both, and pods do not name the Deployment. A StatefulSet
 * and a DaemonSet own pods of all templates.
 */
function makerOf({ metadata: { labels = {}, ownerReferences = [] } }: Pod): Workload['made'] {
  const owner = ownerReferences.find(({ controller }) => controller === true);
  if (owner === undefined) return undefined;
  const { [DEPLOYMENT_HASH]: hash, [REVISION_HASH]: revision } = labels;
  if (hash !== undefined && owner.kind === 'ReplicaSet' && owner.name.endsWith(`-${hash}`))
    return { by: `Deployment/${owner.name.slice(0, -hash.length - 1)}`, template: hash };
  return revision === undefined ? undefined : { by: owner.uid, template: revision };
}

function declaredPortsOf(container: Pod['spec']['containers'][number] | undefined): number[] {
  return (container?.ports ?? [])
    .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
    .map(({ containerPort }) => containerPort);
}

/** Why a pod is probably not reachable at its own port, or else the cluster's: it declares only other ports. */
export function portProblem({ name, port, declaredPorts }: PodFacts, clusterPort: number): string | undefined {
  const wanted = port ?? clusterPort;
  if (declaredPorts.length === 0 || declaredPorts.includes(wanted)) return undefined;
  const where =
    port === undefined
      ? `nodes.port, or this pod's annotation ${ANNOTATIONS.port},`
      : `the pod's annotation ${ANNOTATIONS.port}`;
  return `pod ${name} should be reached at port ${wanted}, but its first container declares only ${declaredPorts.join(', ')}: set ${where} to the port that the node listens on`;
}

function restartsAfter(policy = 'Always', exitCode = 0): boolean {
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

function annotated(
  annotations: Readonly<Record<string, string>>,
): Pick<PodFacts, 'weight' | 'maxConnections' | 'port' | 'drain' | 'deletionCost' | 'problems'> {
  const problems: string[] = [];
  const read = <T>(name: string, allowed: string, parse: (text: string) => T | undefined): T | undefined => {
    const text = annotations[name]?.trim() ?? '';
    if (text === '') return undefined;
    const value = parse(text);
    if (value === undefined) problems.push(`annotation ${name} is ${JSON.stringify(text)}: must be ${allowed}`);
    return value;
  };
  const drain = read(ANNOTATIONS.drain, '"true", or a time in ISO 8601', (text) => {
    if (text === 'true') return 'unknown';
    if (text === 'false') return 'no';
    return Date.parse(text) || undefined;
  });
  return {
    weight: read(ANNOTATIONS.weight, 'a number from 0.01 to 1000', (text) => weightSchema.safeParse(Number(text)).data),
    maxConnections: read(ANNOTATIONS.maxConnections, 'a whole number from 0 to 10000000', (text) =>
      /^\d+$/.test(text) ? maxConnectionsSchema.safeParse(Number(text)).data : undefined,
    ),
    port: read(ANNOTATIONS.port, 'a port from 1 to 65535', (text) =>
      /^\d+$/.test(text) && Number(text) > 0 && Number(text) < 65_536 ? Number(text) : undefined,
    ),
    drain: drain === 'no' ? undefined : drain,
    deletionCost: Number(annotations[ANNOTATIONS.deletionCost] ?? 0) || 0,
    problems,
  };
}

function reasonOf(
  { reason, message, conditions = [] }: NonNullable<Pod['status']>,
  { waiting }: { waiting?: { reason?: string; message?: string } },
  terminated: { reason?: string; message?: string } | undefined,
): string {
  const failed = ['PodScheduled', 'Ready'].map((name) =>
    conditions.find(({ type, status }) => type === name && status === 'False'),
  );
  for (const { reason: why = '', message: text = '' } of [
    { reason, message },
    ...[waiting, terminated, ...failed].map((part) => part ?? {}),
  ]) {
    const words = [why, text].filter((part) => part !== '').join(': ');
    // Every pod says that while it is being created, so it is not a reason.
    if (words !== '' && words !== 'ContainerCreating' && words !== 'PodInitializing') return words.slice(0, MAX_REASON);
  }
  return '';
}
