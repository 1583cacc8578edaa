import { randomBytes } from 'node:crypto';
import type { SourceHandlers } from '@wscluster/controller';
import { connectKubernetes } from '@wscluster/controller/kubernetes/client';
import {
  type ClusterIdentity,
  type KubernetesNodeSettings,
  type KubernetesSource,
  type KubernetesSourceOptions,
  openKubernetesSource,
} from '@wscluster/controller/kubernetes/pods';
import { silentLogger } from '@wscluster/service';
import type { KubernetesApi } from '@wscluster/testbed/kubernetes';
import { expect } from 'vitest';
import { get, list } from '../../kubernetes/support/objects.ts';
import { addServiceAccount, newNamespace } from './kubernetes-client.ts';

export interface SeenPod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
    readonly deletionTimestamp?: string;
    readonly deletionGracePeriodSeconds?: number;
  };
  readonly spec: { readonly containers: { readonly name: string; readonly env?: { readonly name: string }[] }[] };
  readonly status: { readonly phase: string; readonly podIP?: string };
}

/** A WsCluster in a namespace of its own, which nobody operates, and hands to act on its pods. */
export interface KubernetesScene {
  readonly cluster: ClusterIdentity;
  /** May be changed while a source is open. */
  settings: KubernetesNodeSettings;
  /** Each source has a client of its own, which ends with it. */
  open(
    handlers: SourceHandlers,
    options?: Partial<KubernetesSourceOptions> & { kubeconfig?: string },
  ): Promise<KubernetesSource>;
  /** In the namespace. */
  kubectl(...args: string[]): Promise<string>;
  pods(): Promise<SeenPod[]>;
  /** By its uid. */
  pod(id: string): Promise<SeenPod>;
  /** Removes all; fails when a managed pod is left. */
  dispose(): Promise<void>;
}

/** WsClusters must be known to the API server. `container`: of the template, as far as it matters. */
export async function kubernetesScene(
  api: KubernetesApi,
  podSpec: NonNullable<KubernetesNodeSettings['template']>['spec'],
): Promise<KubernetesScene> {
  const namespace = await newNamespace(api);
  await addServiceAccount(api, namespace);
  const name = `c-${randomBytes(4).toString('hex')}`;
  const kubectl = (...args: string[]) => api.kubectl('-n', namespace, ...args);
  const secret = (key: string) => ({ secretRef: { name: 'brokers', key } });
  await api.apply({
    apiVersion: 'wscluster.io/v1alpha1',
    kind: 'WsCluster',
    metadata: { name, namespace },
    spec: {
      nodes: { replicas: 1, template: { spec: podSpec } },
      routing: { routes: [{ path: '/{userId}', key: { param: 'userId' } }] },
      bus: { rabbitmq: secret('rabbitmq') },
      store: { redis: secret('redis') },
    },
  });
  const { uid } = (await get<{ metadata: { uid: string } }>(api, 'wsclusters', name, namespace)).metadata;
  const pods = () => list<SeenPod>(api, 'pods', { namespace });
  const scene: KubernetesScene = {
    cluster: { name, namespace, uid, id: `${namespace}.${name}` },
    settings: {
      template: { spec: podSpec },
      port: 8080,
      drainSeconds: 5,
      followRing: false,
      rabbitmq: { name: 'brokers', key: 'rabbitmq' },
      redis: { name: 'brokers', key: 'redis' },
    },
    async open(handlers, { kubeconfig = api.kubeconfig, ...options } = {}) {
      const { log = silentLogger } = options;
      const kube = connectKubernetes({ kubeconfig, log });
      const all = { kube, cluster: scene.cluster, settings: () => scene.settings, log, ...options };
      const source = await openKubernetesSource(all, handlers);
      const close = source.close.bind(source);
      source.close = async () => {
        await close();
        kube.close();
      };
      return source;
    },
    kubectl,
    pods,
    async pod(id) {
      const found = (await pods()).find(({ metadata }) => metadata.uid === id);
      if (found === undefined) throw new Error(`there is no pod ${id}`);
      return found;
    },
    async dispose() {
      const labels = (pod: SeenPod) => pod.metadata.labels ?? {};
      const left = (await pods()).filter((pod) => labels(pod)['app.kubernetes.io/managed-by'] === 'wscluster');
      await kubectl('delete', 'pods', '--all', '--force', '--grace-period=0');
      await api.kubectl('delete', 'namespace', namespace, '--wait=false');
      expect(
        left.map(({ metadata }) => metadata.name),
        'managed pods that were left',
      ).toEqual([]);
    },
  };
  return scene;
}
