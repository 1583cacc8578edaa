import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { KubernetesCluster } from '@wscluster/testbed/kubernetes';
import { until } from '../../e2e/support/wait.ts';
import { list } from './objects.ts';

const deploy = fileURLToPath(new URL('../../../deploy/k8s', import.meta.url));

/** Of the controllers. */
const SYSTEM = 'wscluster-system';
/** Of the brokers and the samples. */
const NAMESPACE = 'wscluster-dev';
const DEADLINE = '--timeout=240s';

/** wscluster on a cluster, as deploy/k8s/dev with the component `api` makes it. */
export interface Installed {
  readonly system: string;
  readonly namespace: string;
  /** `host:port`, reached from here. */
  readonly nacos: string;
  /** The API of both controllers, by a Service that is reached from here: `http://host:port`. */
  readonly api: { readonly url: string; readonly token: string };
  /** Names of the controllers' pods that run. */
  controllers(): Promise<string[]>;
  /** Name of the pod that leads, by the Lease; undefined while nobody does. */
  leader(): Promise<string | undefined>;
  /** The address of a WsCluster's gateways, reached from here: `host:port`. */
  gateways(name: string, namespace?: string): Promise<string>;
  /** The address of a Service's first port, reached from here: `host:port`. */
  service(name: string, namespace?: string): Promise<string>;
}

interface Pod {
  readonly metadata: { readonly name: string };
  readonly status: { readonly phase: string };
}

interface Lease {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly holderIdentity?: string };
}

/**
 * Installs wscluster and its brokers as they are in this checkout on a cluster that has their images
 * (clusterWithImages), and waits until all is ready. The samples are left to the caller: `kubectl apply --filename
 * deploy/k8s/samples/chat.yaml`.
 */
export async function installWscluster(cluster: KubernetesCluster): Promise<Installed> {
  const token = randomBytes(16).toString('hex');
  await apply(cluster, token);
  await ready(cluster);
  const service = (name: string, namespace: string) => addressOf(cluster, name, namespace);
  return {
    ...{ system: SYSTEM, namespace: NAMESPACE },
    nacos: await service('nacos', NAMESPACE),
    api: { url: `http://${await service('wscluster-api', SYSTEM)}`, token },
    controllers: async () => {
      const selector = 'app.kubernetes.io/name=wscluster-controller';
      const pods = await list<Pod>(cluster, 'pods', { namespace: SYSTEM, selector });
      return pods.filter(({ status }) => status.phase === 'Running').map(({ metadata }) => metadata.name);
    },
    leader: async () => {
      const leases = await list<Lease>(cluster, 'leases', { namespace: SYSTEM });
      const lease = leases.find(({ metadata }) => metadata.name === 'wscluster-controller');
      return lease?.spec.holderIdentity?.split('_')[0] || undefined;
    },
    gateways: (name, namespace = NAMESPACE) => service(`${name}-gateway`, namespace),
    service: (name, namespace = NAMESPACE) => service(name, namespace),
  };
}

/** With the API for others, as docs/kubernetes.md tells: tests ask it who owns what. */
async function apply(cluster: KubernetesCluster, token: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'wsc-overlay-'));
  try {
    const overlay = {
      ...{ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' },
      resources: [relative(folder, join(deploy, 'dev')), 'secret.json'],
      components: [relative(folder, join(deploy, 'components', 'api'))],
      // The component names no namespace; the controllers' is this one.
      patches: [
        {
          target: { kind: 'Service', name: 'wscluster-api' },
          patch: `[{ "op": "add", "path": "/metadata/namespace", "value": "${SYSTEM}" }]`,
        },
      ],
    };
    const secret = {
      ...{ apiVersion: 'v1', kind: 'Secret' },
      metadata: { name: 'wscluster-api', namespace: SYSTEM },
      stringData: { token },
    };
    writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(overlay));
    writeFileSync(join(folder, 'secret.json'), JSON.stringify(secret));
    await cluster.kubectl('apply', '--kustomize', folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function ready(cluster: KubernetesCluster): Promise<void> {
  const rollouts = (namespace: string, ...names: string[]) =>
    names.map((name) =>
      cluster.kubectl('rollout', 'status', `deployment/${name}`, `--namespace=${namespace}`, DEADLINE),
    );
  await Promise.all([
    cluster.kubectl('wait', '--for=condition=Established', 'crd/wsclusters.wscluster.io', DEADLINE),
    ...rollouts(NAMESPACE, 'redis', 'rabbitmq', 'nacos'),
    ...rollouts(SYSTEM, 'wscluster-controller'),
  ]);
  const admitted = () =>
    cluster.kubectl('get', 'wsc', '--all-namespaces').then(
      () => true,
      () => false,
    );
  await until('WsClusters can be listed', admitted, 10_000, 100);
}

async function addressOf(cluster: KubernetesCluster, name: string, namespace: string): Promise<string> {
  const output = '--output=jsonpath={.spec.clusterIP}:{.spec.ports[0].port}';
  return (await cluster.kubectl('get', 'service', name, `--namespace=${namespace}`, output)).trim();
}
