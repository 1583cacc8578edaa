import { connectKubernetes } from '@wscluster/controller/kubernetes/client';
import { silentLogger } from '@wscluster/service';
import type { KubernetesCluster } from '@wscluster/testbed/kubernetes';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { http } from '../e2e/support/http.ts';
import { until } from '../e2e/support/wait.ts';
import { installCrd } from '../kubernetes/support/crd.ts';
import { clusterWithImages } from '../kubernetes/support/images.ts';
import { nodeImage } from './support/docker-scene.ts';
import { type KubernetesScene, kubernetesScene } from './support/kubernetes-scene.ts';
import { type KubernetesWatcher, watchKubernetes } from './support/kubernetes-watcher.ts';
import { workloadSourceContract } from './workload-source.ts';

/** Another process may have the cluster or the engine for some minutes. */
const PATIENCE = 900_000;

let kubernetes: KubernetesCluster;
let image: string;
beforeAll(async () => {
  kubernetes = await clusterWithImages(async (engine) => {
    image = await nodeImage(engine);
    return [image];
  });
  await installCrd(kubernetes);
}, PATIENCE);
afterAll(() => kubernetes.dispose());

const readinessProbe = {
  httpGet: { path: '/readyz', port: 8080 },
  ...{ periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 2 },
};
const podSpec = (restartPolicy = 'Never') => ({
  restartPolicy,
  containers: [{ name: 'node', image, imagePullPolicy: 'Never', readinessProbe }],
});

async function signal(scene: KubernetesScene, id: string, name: NodeJS.Signals): Promise<void> {
  const { metadata } = await scene.pod(id);
  const pids = await kubernetes.containerPids(scene.cluster.namespace, metadata.name);
  expect(pids).not.toEqual([]);
  for (const pid of pids) process.kill(pid, name);
}

workloadSourceContract('kubernetes', async () => {
  const scene = await kubernetesScene(kubernetes, podSpec());
  return {
    open: (handlers) => scene.open(handlers),
    // By its pids, so that Kubernetes too finds out from the kernel alone.
    crash: (id) => signal(scene, id, 'SIGKILL'),
    async terminate(id) {
      await scene.kubectl('delete', 'pod', (await scene.pod(id)).metadata.name, '--wait=false');
    },
    freeze: (id) => signal(scene, id, 'SIGSTOP'),
    thaw: (id) => signal(scene, id, 'SIGCONT'),
    dispose: () => scene.dispose(),
  };
});

describe('a pod', () => {
  let scene: KubernetesScene;
  let watcher: KubernetesWatcher;
  beforeEach(async () => {
    scene = await kubernetesScene(kubernetes, podSpec('Always'));
    watcher = await watchKubernetes(scene);
  });
  afterEach(async () => {
    await watcher.source.endAll();
    await watcher.source.close();
    await scene.dispose();
  });

  const createReady = async () => {
    const id = await watcher.source.create();
    await watcher.sees(id, { phase: 'ready' });
    return id;
  };

  test('that crashes and is started again is restarting until it is ready, under its id', async () => {
    const id = await createReady();
    await signal(scene, id, 'SIGKILL');
    await watcher.sees(id, { phase: 'restarting' });
    await watcher.sees(id, { phase: 'ready' }, 40_000);
    const [line] = await watcher.warned('node-exit');
    expect(line).toMatchObject({ node: id, exitCode: 137, action: expect.stringContaining('--previous') });
  });

  test('has what it is told, and the secrets of the brokers', async () => {
    await scene.kubectl(
      'create',
      'secret',
      'generic',
      'brokers',
      '--from-literal=rabbitmq=amqp://r',
      '--from-literal=redis=redis://s',
    );
    scene.settings = { ...scene.settings, followRing: true };
    const id = await createReady();
    const address = (await watcher.find(id))?.address;
    const env = JSON.parse((await http('GET', `http://${address}/env`)).text) as Record<string, string>;
    expect(env).toMatchObject({
      WSCLUSTER_ID: id,
      WSCLUSTER_CLUSTER: scene.cluster.id,
      WSCLUSTER_LISTEN: ':8080',
      WSCLUSTER_DRAIN_SECONDS: '5',
    });
    const { name } = (await scene.pod(id)).metadata;
    const files = ['$WSCLUSTER_RABBITMQ_URL_FILE', '$WSCLUSTER_REDIS_URL_FILE'].join(' ');
    expect(await scene.kubectl('exec', name, '--', 'sh', '-c', `cat ${files}`)).toBe('amqp://rredis://s');
  });

  test('that is evicted drains, and is gone', async () => {
    const id = await createReady();
    const { name } = (await scene.pod(id)).metadata;
    const { namespace } = scene.cluster;
    const kube = connectKubernetes({ kubeconfig: kubernetes.kubeconfig, log: silentLogger });
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
    const resource = { apiVersion: 'v1', kind: 'Pod', plural: 'pods' };
    await kube.call({ verb: 'create', resource, namespace, name, subresource: 'eviction', body });
    kube.close();
    await watcher.sees(id, { phase: 'draining' });
    expect((await watcher.find(id))?.drainingSince).toBeGreaterThan(Date.now() - 10_000);
    await watcher.sees(id, { phase: 'gone' });
  });

  test('whose image is not there is starting, and after a while it is said why', async () => {
    const [container] = podSpec().containers;
    scene.settings = {
      ...scene.settings,
      template: { spec: { containers: [{ ...container, name: 'node', image: 'no/such:1' }] } },
    };
    const id = await watcher.source.create();
    await until(
      'it is said',
      async () => {
        await watcher.source.list();
        return watcher.warnings.length > 0;
      },
      45_000,
      500,
    );
    expect(watcher.warnings).toMatchObject([
      {
        event: 'node-not-ready',
        node: id,
        msg: expect.stringContaining('no/such:1'),
        action: expect.stringContaining('kubectl describe pod'),
      },
    ]);
    expect(await watcher.find(id)).toMatchObject({ phase: 'starting' });
  });
});

test('of the pods that somebody else brings, a ReplicaSet that shrinks removes the one with the fewest connections', async () => {
  const scene = await kubernetesScene(kubernetes, podSpec('Always'));
  const app = { app: 'chat' };
  scene.settings = { ...scene.settings, template: undefined, selector: app };
  const watcher = await watchKubernetes(scene);
  try {
    await kubernetes.apply({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'chat', namespace: scene.cluster.namespace },
      spec: {
        replicas: 3,
        selector: { matchLabels: app },
        template: { metadata: { labels: app }, spec: { ...podSpec('Always'), terminationGracePeriodSeconds: 5 } },
      },
    });
    const ready = async () =>
      (await watcher.source.list()).filter(({ phase, managed }) => phase === 'ready' && !managed).map(({ id }) => id);
    await until('all are ready', async () => (await ready()).length === 3, 30_000);
    const ids = await ready();
    const [few = '', ...many] = ids;
    watcher.source.deletionCosts.update(new Map([[few, 10], ...many.map((id): [string, number] => [id, 500])]));
    const costs = async () =>
      Object.fromEntries(
        (await scene.pods()).map(({ metadata }) => [
          metadata.uid,
          Number(metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0),
        ]),
      );
    await until('the costs are there', async () => Object.values(await costs()).every((cost) => cost > 0));
    expect((await costs())[few]).toBe(Math.min(...Object.values(await costs())));
    await scene.kubectl('scale', 'deployment', 'chat', '--replicas=2');
    await watcher.sees(few, { phase: 'draining' });
    await watcher.sees(few, { phase: 'gone' });
    expect((await ready()).sort()).toEqual(many.sort());
    expect(watcher.warnings).toEqual([]);
  } finally {
    await watcher.source.close();
    await scene.dispose();
  }
});
