import { WsClusterError } from '@wscluster/ring';
import type { ReignParts } from '../../core/loop/parts.ts';
import { Reign } from '../../core/loop/reign.ts';
import type { Workload } from '../../core/ports/workload-source.ts';
import { readinessRule } from '../../core/spec/readiness-schema.ts';
import type { ClusterSpec } from '../../core/spec/schema.ts';
import {
  type KubernetesNodeSettings,
  type KubernetesSource,
  openKubernetesSource,
  type PodTemplate,
} from '../pods/source.ts';
import { openClusterRegistry } from './cluster-registry.ts';
import { type ClusterSecretsParts, type KnownSecrets, openSecrets } from './cluster-secrets.ts';
import type { ClusterResource } from './resource.ts';
import type { ResourceSpec } from './resource-spec.ts';
import type { OpenTransport, Servers } from './servers.ts';
import type { Obstacle } from './status.ts';

export interface ServeParts extends ClusterSecretsParts, Pick<ReignParts, 'meter'> {
  readonly servers: Servers;
  readonly openTransport: OpenTransport;
}

/** A cluster that is led here, with what that needs besides its resource. */
export interface Serving {
  readonly reign: Reign;
  /** A problem outside of the ring; undefined if there is none. */
  obstacle(): Obstacle | undefined;
  /** The values of the Secrets, in case they are deleted before the cluster is. */
  secrets(): KnownSecrets;
  /** Called every second, with the connections of each node. */
  onCounts(connections: ReadonlyMap<string, number>): void;
  /** Call it before the reign is stopped. */
  close(): void;
}

/**
 * Opens secrets, bus, store, source and registry, and begins to lead. If one of them rejects, everything is closed
 * again and this rejects. `begin` is awaited before anything is written outside of Kubernetes.
 */
export async function serveCluster(
  parts: ServeParts,
  spec: ResourceSpec,
  resource: ClusterResource,
  leadership: ReignParts['leadership'],
  begin: () => Promise<void>,
): Promise<Serving> {
  const { kube, log, servers, meter, openTransport } = parts;
  const { id, namespace, name, uid } = resource;
  const cluster = { id, namespace, name, uid };
  const secrets = await openSecrets(parts, resource, spec.spec);
  let source: KubernetesSource | undefined;
  try {
    await begin();
    const transport = openTransport(secrets);
    const reign = await Reign.begin({
      ...{ name: id, spec, leadership, log, meter },
      seenEpoch: resource.status?.ring?.epoch,
      store: transport.openStore(),
      openBus: (handlers) => transport.openHub(handlers),
      async openSource(handlers) {
        source = await openKubernetesSource({ kube, cluster, settings: () => nodeSettings(spec.spec), log }, handlers);
        return source;
      },
      openRegistry: () => openClusterRegistry(servers, resource, spec.spec, () => secrets.known.nacos),
      // Only the ring is kept in Redis.
      restoreDocuments: async () => {},
    });
    return {
      reign,
      obstacle: () =>
        secrets.problem === undefined
          ? portProblem(reign.view.listing)
          : { reason: 'SecretUnusable', message: secrets.problem },
      secrets: () => secrets.known,
      onCounts: (connections) => source?.deletionCosts.update(connections),
      close: () => secrets.close(),
    };
  } catch (error) {
    secrets.close();
    throw error;
  }
}

/** The problem of the first node that has one. */
function portProblem(listing: readonly Workload[]): Obstacle | undefined {
  const problem = listing.find((workload) => workload.phase !== 'gone' && workload.problem !== undefined)?.problem;
  return problem === undefined ? undefined : { reason: 'PortNotInPod', message: problem };
}

function nodeSettings({ nodes, bus, store }: ClusterSpec): KubernetesNodeSettings {
  const { template, selector, port, drainSeconds, followRing, readiness } = nodes;
  if (bus === undefined || store === undefined)
    throw new WsClusterError('INTERNAL', 'a cluster without brokers was let pass');
  return {
    // The API server validates all further fields.
    template: template as PodTemplate | undefined,
    selector: selector?.matchLabels,
    ...{ port, drainSeconds, followRing },
    ...(readiness === undefined ? {} : { readiness: readinessRule(readiness) }),
    rabbitmq: bus.rabbitmq.secretRef,
    redis: store.redis.secretRef,
  };
}
