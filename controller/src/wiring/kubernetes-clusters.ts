import { once } from 'node:events';
import { hostname } from 'node:os';
import type { V1Deployment } from '@kubernetes/client-node';
import { Assigner, WsClusterError } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import { forgetCluster, openTransport } from '@wscluster/transport';
import type { ClusterSpec, WsCluster } from '../cluster/schema.ts';
import { connectKubernetes, type Kube } from '../kubernetes/kube.ts';
import { deploymentApplies, holdsReplicas } from '../kubernetes-objects/gateway-deployment.ts';
import { gatewayObjects } from '../kubernetes-objects/gateway-objects.ts';
import type { ObjectsInput } from '../kubernetes-objects/owned.ts';
import { openLeaseLeadership } from '../leadership/lease/lease-leadership.ts';
import { sharedLeadership } from '../leadership/lease/shared-leadership.ts';
import type { Leadership } from '../leadership/port.ts';
import type { ClusterOperatorParts, Opened } from '../operator/cluster-operator.ts';
import { EventWriter } from '../operator/event-writer.ts';
import type { WantedObject } from '../operator/gateway-keeper.ts';
import { Operator } from '../operator/operator.ts';
import type { ClusterResource } from '../operator/resource.ts';
import type { ResourceSpec } from '../operator/resource-spec.ts';
import { Secrets } from '../operator/secrets.ts';
import type { Candidate } from '../reconcile/candidate.ts';
import { ClusterController } from '../reconcile/cluster-controller.ts';
import type { RunMeter } from '../reconcile/run-meter.ts';
import type { CredentialsProvider } from '../registry/nacos/registry.ts';
import {
  type KubernetesNodeSettings,
  type KubernetesSource,
  openKubernetesSource,
  type PodTemplate,
} from '../workloads/kubernetes/source.ts';
import { nacosCredentials, openRegistry } from './registry.ts';
import type { Options, ServedClusters } from './served-clusters.ts';

interface Wiring {
  readonly options: Options;
  readonly kube: Kube;
  readonly assigner: Assigner;
  readonly log: Logger;
  readonly meter: RunMeter;
}

/** Clusters that WsCluster resources declare. Throws CONFIG_INVALID without a way to reach the API server. */
export function kubernetesClusters(options: Options, log: Logger, meter: RunMeter): ServedClusters {
  const kube = connectKubernetes({ kubeconfig: options.kubeconfig, log });
  const leaseNamespace = options.leaseNamespace ?? kube.namespace;
  if (leaseNamespace === undefined)
    throw new WsClusterError(
      'CONFIG_INVALID',
      '--lease-namespace: is needed, since neither pod nor kubeconfig names one',
      {
        field: 'leaseNamespace',
      },
    );
  const wiring: Wiring = { options, kube, assigner: new Assigner(), log, meter };
  const clusters: Candidate[] = [];
  let lease: Leadership | undefined;
  let operator: Operator | undefined;
  const stopping = new AbortController();
  return {
    clusters,
    locks: () => [{ name: options.leaseName, leading: lease?.leading ?? false }],
    notReady: () => (operator === undefined ? 'starting' : operator.notReady),
    async start(self) {
      const identity = hostname();
      lease = openLeaseLeadership({
        kube,
        namespace: leaseNamespace,
        name: options.leaseName,
        identity,
        url: self,
        log,
      });
      const shared = sharedLeadership(lease);
      operator = new Operator({
        ...{ kube, log, self, clusters, lead: lease },
        leadershipOf: () => shared.view(),
        namespace: options.namespace,
        events: new EventWriter(kube, identity, log),
        open: (spec, resource, lead) => open(wiring, spec, resource, lead),
        wanted: (spec, resource) => wanted(options, spec, resource),
        cleanUp: (resource, cluster) => cleanUp(wiring, resource, cluster),
      });
      void stayElected(shared.view(), stopping.signal);
    },
    async stop() {
      stopping.abort();
      await operator?.close();
      await lease?.close();
      kube.close();
    },
  };
}

/** Somebody has to lead even while no cluster asks for it: deleted ones are to be cleaned up after. */
async function stayElected(view: Leadership, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    const lead = await view.elected(stopping).catch(() => undefined);
    if (lead === undefined) return;
    const over = AbortSignal.any([lead, stopping]);
    if (!over.aborted) await once(over, 'abort');
  }
}

async function open(
  { options, kube, assigner, log, meter }: Wiring,
  spec: ResourceSpec,
  resource: ClusterResource,
  leadership: Parameters<ClusterOperatorParts['open']>[2],
): Promise<Opened> {
  const { id, namespace, name, uid } = resource;
  const secrets = new Secrets({ kube, namespace, log });
  let source: KubernetesSource | undefined;
  try {
    const { rabbitmqUrl, redisUrl } = await brokerUrls(secrets, spec.spec);
    const credentials = await registryCredentials(secrets, spec.spec);
    const transport = openTransport({ rabbitmqUrl, redisUrl, stateDir: options.stateDir, cluster: id, log });
    const controller = await ClusterController.start({
      name: id,
      spec,
      leadership,
      log,
      meter,
      seenEpoch: resource.status?.ring?.epoch,
      store: transport.openStore(),
      assign: (seats, cap) => assigner.assign(seats, cap),
      openBus: (handlers) => transport.openHub(handlers),
      async openSource(handlers) {
        const cluster = { id, namespace, name, uid };
        source = await openKubernetesSource({ kube, cluster, settings: () => nodeSettings(spec.spec), log }, handlers);
        return source;
      },
      openRegistry: () =>
        openRegistry({
          ...{ options, log, service: name, owner: id, nacos: spec.spec.registry.nacos },
          credentials: credentials ?? nacosCredentials(options),
        }),
      // Nothing but the ring is kept in Redis.
      restoreDocuments: async () => {},
    });
    return {
      controller,
      obstacle: () =>
        secrets.problem === undefined ? undefined : { reason: 'SecretUnusable', message: secrets.problem },
      counted: (connections) => source?.deletionCosts.update(connections),
      close: async () => secrets.close(),
    };
  } catch (error) {
    secrets.close();
    throw error;
  }
}

function wanted(
  options: Options,
  { spec }: ResourceSpec,
  { id, namespace, name, uid }: ClusterResource,
): WantedObject[] {
  const gatewayImage = spec.gateway.image ?? options.gatewayImage;
  if (gatewayImage === undefined)
    throw new WsClusterError('CONFIG_INVALID', 'spec.gateway.image: is needed, or --gateway-image for all clusters', {
      field: 'spec.gateway.image',
    });
  const input: ObjectsInput = { cluster: { id, namespace, name, uid }, spec, gatewayImage };
  return gatewayObjects(input).map((object) => ({
    object,
    ...(object.kind === 'Deployment' && {
      applies: (existing) => {
        const deployment = existing as V1Deployment | undefined;
        return deploymentApplies(
          input,
          deployment && {
            replicas: deployment.spec?.replicas ?? 1,
            holdsReplicas: holdsReplicas(deployment.metadata?.managedFields),
          },
        );
      },
    }),
  }));
}

/** What a cluster has outside of Kubernetes: instances in Nacos, which is waited for, and exchanges and keys, which are not. */
async function cleanUp({ options, kube, log }: Wiring, resource: ClusterResource, { spec }: WsCluster): Promise<void> {
  const { id, namespace, name } = resource;
  const secrets = new Secrets({ kube, namespace, log });
  try {
    const credentials = (await registryCredentials(secrets, spec)) ?? nacosCredentials(options);
    const registry = await openRegistry({
      ...{ options, log, service: name, owner: id, nacos: spec.registry.nacos, credentials },
    });
    try {
      await registry?.clear();
    } finally {
      await registry?.close();
    }
    await brokerUrls(secrets, spec)
      .then((urls) => forgetCluster({ ...urls, cluster: id, log }))
      .catch((error: unknown) =>
        log.warn(
          {
            event: 'brokers-not-cleaned',
            cluster: id,
            error,
            action: `delete the exchanges wscluster.${id}.* and the key wscluster:{${id}}:ring by hand`,
          },
          `exchanges and ring of ${id} are left behind`,
        ),
      );
  } finally {
    secrets.close();
  }
}

async function brokerUrls(secrets: Secrets, { bus, store }: ClusterSpec) {
  if (bus === undefined || store === undefined)
    throw new WsClusterError('INTERNAL', 'a cluster without brokers was let pass');
  return {
    rabbitmqUrl: await secrets.url('spec.bus.rabbitmq.secretRef', bus.rabbitmq.secretRef, /^amqps?:$/),
    redisUrl: await secrets.url('spec.store.redis.secretRef', store.redis.secretRef, /^rediss?:$/),
  };
}

/** Undefined when the spec names none. */
async function registryCredentials(secrets: Secrets, spec: ClusterSpec): Promise<CredentialsProvider | undefined> {
  const secretRef = spec.registry.nacos?.secretRef;
  if (secretRef === undefined) return undefined;
  const values = await secrets.values('spec.registry.nacos.secretRef', secretRef.name);
  return () => {
    const { token, username, password } = values.current();
    if (token !== undefined) return { token };
    return username === undefined || password === undefined ? undefined : { username, password };
  };
}

function nodeSettings({ nodes, bus, store }: ClusterSpec): KubernetesNodeSettings {
  const { template, selector, port, drainSeconds, followRing } = nodes;
  if (bus === undefined || store === undefined)
    throw new WsClusterError('INTERNAL', 'a cluster without brokers was let pass');
  return {
    // Further fields are the API server's to judge.
    template: template as PodTemplate | undefined,
    selector: selector?.matchLabels,
    ...{ port, drainSeconds, followRing },
    rabbitmq: bus.rabbitmq.secretRef,
    redis: store.redis.secretRef,
  };
}
