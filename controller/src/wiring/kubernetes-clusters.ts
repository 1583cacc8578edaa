import { once } from 'node:events';
import { hostname } from 'node:os';
import type { V1Deployment } from '@kubernetes/client-node';
import { Assigner, messageOf, WsClusterError } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import { forgetCluster, openTransport } from '@wscluster/transport';
import type { NacosCredentials } from '../adapters/nacos/registry.ts';
import type { Candidate } from '../core/loop/candidate.ts';
import { Reign } from '../core/loop/reign.ts';
import type { RunMeter } from '../core/loop/run-meter.ts';
import type { Leadership } from '../core/ports/leadership.ts';
import type { Registry } from '../core/ports/registry.ts';
import type { Workload } from '../core/ports/workload-source.ts';
import type { ClusterSpec, WsCluster } from '../core/spec/schema.ts';
import { openLeadership } from '../core/term/lock-leadership.ts';
import { connectKubernetes, type Kube } from '../kubernetes/client/kube.ts';
import { openLeaseLock } from '../kubernetes/lease/lease-lock.ts';
import { sharedLeadership } from '../kubernetes/lease/shared-leadership.ts';
import { deploymentApplies, holdsReplicas } from '../kubernetes/objects/gateway-deployment.ts';
import { gatewayObjects } from '../kubernetes/objects/gateway-objects.ts';
import type { ObjectsInput } from '../kubernetes/objects/owned.ts';
import type { ClusterOperatorParts, Opened } from '../kubernetes/operator/cluster-operator.ts';
import { EventWriter } from '../kubernetes/operator/event-writer.ts';
import type { WantedObject } from '../kubernetes/operator/gateway-keeper.ts';
import type { KnownSecrets } from '../kubernetes/operator/known-secrets.ts';
import { Operator } from '../kubernetes/operator/operator.ts';
import { endPods, podsEnded } from '../kubernetes/operator/pods.ts';
import type { ClusterResource } from '../kubernetes/operator/resource.ts';
import type { ResourceSpec } from '../kubernetes/operator/resource-spec.ts';
import { Secrets } from '../kubernetes/operator/secrets.ts';
import type { Obstacle } from '../kubernetes/operator/status.ts';
import {
  type KubernetesNodeSettings,
  type KubernetesSource,
  openKubernetesSource,
  type PodTemplate,
} from '../kubernetes/pods/source.ts';
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
      lease = openLeadership(
        openLeaseLock({ kube, namespace: leaseNamespace, name: options.leaseName, identity, url: self }),
        log,
      );
      const shared = sharedLeadership(lease);
      operator = new Operator({
        ...{ kube, log, self, clusters, lead: lease },
        leadershipOf: () => shared.view(),
        namespace: options.namespace,
        events: new EventWriter(kube, identity, log),
        open: (spec, resource, lead, begin) => open(wiring, spec, resource, lead, begin),
        check: (resource, cluster) => check(wiring, resource, cluster),
        leaveRegistry: (resource, cluster, secrets) => leaveRegistry(wiring, resource, cluster, secrets),
        wanted: (spec, resource) => wanted(options, spec, resource),
        cleanUp: (resource, cluster, secrets) => cleanUp(wiring, resource, cluster, secrets),
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
  begin: () => Promise<void>,
): Promise<Opened> {
  const { id, namespace, name, uid } = resource;
  const secrets = new Secrets({ kube, namespace, log: log.child({ cluster: id }) });
  let source: KubernetesSource | undefined;
  try {
    const { rabbitmqUrl, redisUrl, nacos } = await readSecrets(secrets, spec.spec);
    await begin();
    const transport = openTransport({ rabbitmqUrl, redisUrl, stateDir: options.stateDir, cluster: id, log });
    const reign = await Reign.begin({
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
      openRegistry: () => openResourceRegistry(options, resource, spec.spec, () => nacos?.current(), log),
      // Nothing but the ring is kept in Redis.
      restoreDocuments: async () => {},
    });
    return {
      reign,
      obstacle: () =>
        secrets.problem === undefined
          ? portProblem(reign.view.listing)
          : { reason: 'SecretUnusable', message: secrets.problem },
      secrets: () => ({ rabbitmqUrl: rabbitmqUrl.value, redisUrl: redisUrl.value, nacos: nacos?.current() }),
      counted: (connections) => source?.deletionCosts.update(connections),
      close: async () => secrets.close(),
    };
  } catch (error) {
    secrets.close();
    throw error;
  }
}

/** Of the first node that has one. */
function portProblem(listing: readonly Workload[]): Obstacle | undefined {
  const problem = listing.find((workload) => workload.phase !== 'gone' && workload.problem !== undefined)?.problem;
  return problem === undefined ? undefined : { reason: 'PortNotInPod', message: problem };
}

async function check({ kube, log }: Wiring, { id, namespace }: ClusterResource, { spec }: WsCluster): Promise<void> {
  const secrets = new Secrets({ kube, namespace, log: log.child({ cluster: id }) });
  try {
    await readSecrets(secrets, spec);
  } finally {
    secrets.close();
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

/**
 * What a cluster has outside of Kubernetes: instances in Nacos, which is waited for, and exchanges and keys, which are not.
 * Its pods end first: who still runs makes an exchange again.
 */
async function cleanUp(
  wiring: Wiring,
  resource: ClusterResource,
  cluster: WsCluster,
  known: KnownSecrets | undefined,
): Promise<void> {
  const { kube, log } = wiring;
  const { id } = resource;
  await endPods(kube, resource);
  await leaveRegistry(wiring, resource, cluster, known);
  await podsEnded(kube, resource);
  const urls = await presentSecrets(wiring, resource, cluster, known);
  await forgetCluster({ ...urls, cluster: id, log }).catch((error: unknown) => {
    const action = `delete the exchanges wscluster.${id}.* and the key wscluster:{${id}}:ring by hand`;
    log.warn(
      { event: 'brokers-not-cleaned', cluster: id, error, action },
      `exchanges and ring of ${id} are left behind: ${messageOf(error)}`,
    );
  });
}

/** Takes a cluster's instances out of the registry that its spec names. */
async function leaveRegistry(
  wiring: Wiring,
  resource: ClusterResource,
  cluster: WsCluster,
  known: KnownSecrets | undefined,
): Promise<void> {
  if (cluster.spec.registry.nacos === undefined) return;
  const { nacos } = await presentSecrets(wiring, resource, cluster, known);
  const registry = await openResourceRegistry(wiring.options, resource, cluster.spec, () => nacos, wiring.log);
  try {
    await registry?.clear();
  } finally {
    await registry?.close();
  }
}

/** As they are now, else as they were known last. */
async function presentSecrets(
  { kube, log }: Wiring,
  { id, namespace }: ClusterResource,
  { spec }: WsCluster,
  known: KnownSecrets | undefined,
): Promise<KnownSecrets> {
  const secrets = new Secrets({ kube, namespace, log: log.child({ cluster: id }) });
  try {
    const { rabbitmqUrl, redisUrl, nacos } = await readSecrets(secrets, spec);
    return { rabbitmqUrl: rabbitmqUrl.value, redisUrl: redisUrl.value, nacos: nacos?.current() };
  } catch (error) {
    if (known === undefined) throw error;
    return known;
  } finally {
    secrets.close();
  }
}

/** Rejects with CONFIG_INVALID naming the field whose Secret is missing. */
async function readSecrets(secrets: Secrets, { bus, store, registry }: ClusterSpec) {
  if (bus === undefined || store === undefined)
    throw new WsClusterError('INTERNAL', 'a cluster without brokers was let pass');
  const nacos = registry.nacos?.secretRef;
  return {
    rabbitmqUrl: await secrets.url('spec.bus.rabbitmq.secretRef', bus.rabbitmq.secretRef, /^amqps?:$/),
    redisUrl: await secrets.url('spec.store.redis.secretRef', store.redis.secretRef, /^rediss?:$/),
    nacos: nacos && (await secrets.values('spec.registry.nacos.secretRef', nacos.name)),
  };
}

/** By the credentials of the resource's Secret; the controller's own are for the controller's own servers only. */
function openResourceRegistry(
  options: Options,
  { id, name }: ClusterResource,
  { registry: { nacos } }: ClusterSpec,
  values: () => Readonly<Record<string, string>> | undefined,
  log: Logger,
): Promise<Registry | undefined> {
  const own = nacos?.servers === undefined ? nacosCredentials(options) : undefined;
  const credentials = nacos?.secretRef === undefined ? own : () => credentialsIn(values());
  return openRegistry({ options, log, service: name, owner: id, nacos, credentials });
}

function credentialsIn({
  token,
  username,
  password,
}: Readonly<Record<string, string>> = {}): NacosCredentials | undefined {
  if (token !== undefined) return { token };
  return username === undefined || password === undefined ? undefined : { username, password };
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
