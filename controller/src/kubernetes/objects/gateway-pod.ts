import type {
  V1Affinity,
  V1Container,
  V1EnvVar,
  V1PodTemplateSpec,
  V1Probe,
  V1Toleration,
} from '@kubernetes/client-node';
import { labelsOf, selectorOf } from '../names.ts';
import { brokersVolume } from './brokers-volume.ts';
import type { ObjectsInput } from './owned.ts';

/** The port for clients, by its name in pods and Services. */
export const CLIENT_PORT = { name: 'ws', containerPort: 7000 } as const;
const PROBE_PORT = { name: 'probes', containerPort: 8081 } as const;

/**
 * Time from unready to the end of accepting, s: kube-proxy and load balancers may take that long to notice that a pod
 * is ending. This is the gateway's own option: a preStop hook would delay SIGTERM, and with it the readiness that load
 * balancers check.
 */
const UNREADY_SECONDS = 5;
/** For what follows the drain: the close handshakes (7 s at most) and leaving the bus. */
const MARGIN_SECONDS = 15;

/** User and group `node` of the image, as a number: from a name, kubelet could not tell that it is not root. */
const UID = 1000;

/** The pods of the gateways. They run under the restricted Pod Security Standard. */
export function gatewayPod(input: ObjectsInput): V1PodTemplateSpec {
  const { gateway } = input.spec;
  const { pod } = gateway;
  const { volume } = brokersVolume(input.spec);
  return {
    metadata: {
      labels: { ...pod.labels, ...labelsOf(input.cluster, 'gateway') },
      annotations: {
        'kubectl.kubernetes.io/default-container': 'gateway',
        'prometheus.io/scrape': 'true',
        'prometheus.io/port': String(PROBE_PORT.containerPort),
        'prometheus.io/path': '/metrics',
        ...pod.annotations,
      },
    },
    spec: {
      automountServiceAccountToken: false,
      // Would add variables for every Service of the namespace, with names like ours.
      enableServiceLinks: false,
      terminationGracePeriodSeconds: UNREADY_SECONDS + Math.ceil(gateway.drainSeconds) + MARGIN_SECONDS,
      securityContext: {
        runAsNonRoot: true,
        ...{ runAsUser: UID, runAsGroup: UID, fsGroup: UID },
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [gatewayContainer(input)],
      volumes: [volume],
      affinity: (pod.affinity as V1Affinity | undefined) ?? rather(input),
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'topology.kubernetes.io/zone',
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: { matchLabels: selectorOf(input.cluster, 'gateway') },
        },
      ],
      ...(Object.keys(pod.nodeSelector).length > 0 && { nodeSelector: pod.nodeSelector }),
      ...(pod.tolerations.length > 0 && { tolerations: pod.tolerations as V1Toleration[] }),
      ...(pod.imagePullSecrets.length > 0 && { imagePullSecrets: pod.imagePullSecrets }),
      ...(pod.priorityClassName !== undefined && { priorityClassName: pod.priorityClassName }),
    },
  };
}

function gatewayContainer(input: ObjectsInput): V1Container {
  const { gateway } = input.spec;
  const { requests, limits } = gateway.resources;
  return {
    name: 'gateway',
    image: gateway.image ?? input.gatewayImage,
    env: environment(input),
    ports: [CLIENT_PORT, PROBE_PORT],
    volumeMounts: [brokersVolume(input.spec).mount],
    resources: {
      ...(requests !== undefined && { requests: quantities(requests) }),
      ...(limits !== undefined && { limits: quantities(limits) }),
    },
    // Liveness probes begin once it listens; it has a minute for that.
    startupProbe: { ...probe('/healthz'), periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { ...probe('/healthz'), periodSeconds: 10, failureThreshold: 3 },
    readinessProbe: { ...probe('/readyz'), periodSeconds: 2, failureThreshold: 2 },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
  };
}

function environment(input: ObjectsInput): V1EnvVar[] {
  return [
    { name: 'WSCLUSTER_CLUSTER', value: input.cluster.id },
    { name: 'WSCLUSTER_ID', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    // For display only.
    { name: 'WSCLUSTER_ADVERTISE', value: `$(POD_IP):${CLIENT_PORT.containerPort}` },
    { name: 'WSCLUSTER_LISTEN', value: `:${CLIENT_PORT.containerPort}` },
    { name: 'WSCLUSTER_PROBES', value: `:${PROBE_PORT.containerPort}` },
    { name: 'WSCLUSTER_UNREADY_SECONDS', value: String(UNREADY_SECONDS) },
    { name: 'WSCLUSTER_DRAIN_SECONDS', value: String(input.spec.gateway.drainSeconds) },
    ...brokersVolume(input.spec).env,
  ];
}

function probe(path: string): V1Probe {
  return { httpGet: { path, port: PROBE_PORT.name }, timeoutSeconds: 3 };
}

/** Prefers different machines, if there are several. */
function rather(input: ObjectsInput): V1Affinity {
  return {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 100,
          podAffinityTerm: {
            topologyKey: 'kubernetes.io/hostname',
            labelSelector: { matchLabels: selectorOf(input.cluster, 'gateway') },
          },
        },
      ],
    },
  };
}

function quantities(map: Readonly<Record<string, string | number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).map(([name, quantity]) => [name, String(quantity)]));
}
