import { createHash } from 'node:crypto';
import type { V1Container, V1EnvVar, V1Pod, V1PodSpec, V1Probe, V1Volume } from '@kubernetes/client-node';
import { WsClusterError } from '@wscluster/ring';
import { ANNOTATIONS, type ClusterIdentity, LABELS, MANAGER, ownerReference, selectorOf } from '../names.ts';
import type { KubernetesNodeSettings, PodTemplate } from './settings.ts';

/** Added to a node's drain time before it is killed, seconds. */
const FORCE_MARGIN_SECONDS = 15;

/** A new node takes over its share once it is ready, so it is asked often, seconds. */
const PROBE_SECONDS = 2;

const BROKERS_VOLUME = 'wscluster-brokers';
const BROKERS_PATH = '/etc/wscluster/brokers';

/** The pod of a new managed node. Throws CONFIG_INVALID without a usable template. */
export function nodePod(cluster: ClusterIdentity, settings: KubernetesNodeSettings, name: string): V1Pod {
  const { template, drainSeconds } = settings;
  if (template === undefined)
    throw new WsClusterError('CONFIG_INVALID', 'nodes cannot be created without a pod template', {
      field: 'nodes.template',
    });
  const { labels, annotations } = template.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: cluster.namespace,
      labels: {
        [LABELS.name]: 'wscluster-node',
        [LABELS.instance]: cluster.name,
        ...labels,
        [LABELS.managedBy]: MANAGER,
        ...selectorOf(cluster, 'node'),
        [LABELS.templateHash]: templateHash(settings),
      },
      ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
      ownerReferences: [ownerReference(cluster)],
    },
    spec: {
      terminationGracePeriodSeconds: Math.ceil(drainSeconds) + FORCE_MARGIN_SECONDS,
      ...told(cluster, settings, template),
    },
  };
}

/**
 * A hash of what managed nodes are made from; if it changes, existing nodes are outdated. It covers the settings, not
 * the pod, so that a new version of the controller replaces no nodes.
 */
export function templateHash(settings: KubernetesNodeSettings): string {
  const { template, port, drainSeconds, followRing, readiness, rabbitmq, redis } = settings;
  const parts = { template, port, drainSeconds, readiness, ...(followRing ? { rabbitmq, redis } : {}) };
  return createHash('sha256').update(canonical(parts)).digest('hex').slice(0, 10);
}

/** JSON that does not depend on the order of properties. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** The template's spec, plus what the node has to know. What the template sets itself stays. */
function told(cluster: ClusterIdentity, settings: KubernetesNodeSettings, template: PodTemplate): V1PodSpec {
  const { spec } = template;
  const [node, ...others] = spec.containers ?? [];
  if (node === undefined)
    throw new WsClusterError('CONFIG_INVALID', 'the pod template has no container; the first one is the node', {
      field: 'nodes.template.spec.containers',
    });
  const { port, drainSeconds, followRing } = settings;
  const env: V1EnvVar[] = [
    { name: 'WSCLUSTER_ID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
    { name: 'WSCLUSTER_CLUSTER', value: cluster.id },
    { name: 'WSCLUSTER_LISTEN', value: `:${port}` },
    { name: 'WSCLUSTER_DRAIN_SECONDS', value: String(drainSeconds) },
  ];
  const mounts = followRing && !hasBrokers(spec, node);
  if (mounts)
    env.push(
      { name: 'WSCLUSTER_RABBITMQ_URL_FILE', value: `${BROKERS_PATH}/rabbitmq-url` },
      { name: 'WSCLUSTER_REDIS_URL_FILE', value: `${BROKERS_PATH}/redis-url` },
    );
  const own = node.env ?? [];
  const names = new Set(own.map(({ name }) => name));
  const isFree = ({ name }: V1EnvVar) => !names.has(name) && !names.has(otherForm(name));
  const withNode: V1Container = {
    readinessProbe: readinessProbe(settings, template),
    ...node,
    env: [...own, ...env.filter(isFree)],
    ...(mounts
      ? {
          volumeMounts: [
            ...(node.volumeMounts ?? []),
            { name: BROKERS_VOLUME, mountPath: BROKERS_PATH, readOnly: true },
          ],
        }
      : {}),
  };
  return {
    ...spec,
    containers: [withNode, ...others],
    ...(mounts ? { volumes: [...(spec.volumes ?? []), brokersVolume(settings)] } : {}),
  };
}

/** Without one, a pod is ready as soon as its container runs: before its server listens. */
function readinessProbe({ port: usual, readiness }: KubernetesNodeSettings, { metadata }: PodTemplate): V1Probe {
  const port = Number(metadata?.annotations?.[ANNOTATIONS.port] ?? usual) || usual;
  return {
    ...(readiness?.http === undefined ? { tcpSocket: { port } } : { httpGet: { path: readiness.http.path, port } }),
    periodSeconds: PROBE_SECONDS,
  };
}

/** An option is given by its variable or by a file: `X` and `X_FILE`. */
function otherForm(name: string): string {
  return name.endsWith('_FILE') ? name.slice(0, -'_FILE'.length) : `${name}_FILE`;
}

function hasBrokers(spec: V1PodSpec, node: V1Container): boolean {
  return (
    (spec.volumes ?? []).some(({ name }) => name === BROKERS_VOLUME) ||
    (node.volumeMounts ?? []).some(({ mountPath }) => mountPath === BROKERS_PATH)
  );
}

/** A projected volume, so that a rotated Secret reaches a running pod. */
function brokersVolume({ rabbitmq, redis }: KubernetesNodeSettings): V1Volume {
  const source = ({ name, key }: { name: string; key: string }, path: string) => ({
    secret: { name, items: [{ key, path }] },
  });
  return {
    name: BROKERS_VOLUME,
    projected: { sources: [source(rabbitmq, 'rabbitmq-url'), source(redis, 'redis-url')] },
  };
}
