import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { dockerEngine } from '@wscluster/testbed';
import { type KubernetesCluster, kubernetesCluster } from '@wscluster/testbed/kubernetes';
import { nodeImage } from '../test/contracts/support/docker-scene.ts';
import { until } from '../test/e2e/support/wait.ts';
import { SELECTOR } from '../test/kubernetes/support/resources.ts';
import { checkRouted, type Routed, routed, summary } from './kubernetes-routed.ts';
import { KubernetesSite, watchReady } from './kubernetes-site.ts';
import { atMost, type BenchResult, median } from './result.ts';

const ROUNDS = 15;
const LIMIT_MS = 250;
const POLL_MS = 2;
/** A Service that selects the late pods alone: it serves from the moment that kube-proxy knows one. */
const LATE = { late: 'yes' };

/**
 * With real pods on a real node: from the event that a pod is ready, as an independent watcher gets it, to the moment
 * that the last of two gateways routes to it; and beside it, to the moment that a Service's address answers from that
 * pod, the way of traffic without us (endpoint slices and kube-proxy).
 */
export async function run(): Promise<BenchResult[]> {
  const cluster = await kubernetesCluster();
  let site: KubernetesSite | undefined;
  try {
    const engine = await dockerEngine();
    let image: string;
    try {
      image = await nodeImage(engine);
      await cluster.loadImages(engine, [image]);
    } finally {
      await engine.dispose();
    }
    const spec = {
      nodes: { selector: SELECTOR },
      gateway: { replicas: 0 },
      rebalance: { maxConnectionsPerSecond: 0, replacementSeconds: 0 },
    };
    site = await KubernetesSite.start(cluster, spec, { gateways: 2 });
    const here = site;
    const ready = await watchReady(cluster);
    const serviceIp = await makeService(cluster);
    await cluster.apply([pod('chat-1', image), pod('chat-2', image)]);
    await site.settled(2);

    const ours: Routed[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const name = `late-${round}`;
      await until('the Service answers nobody', async () => (await answer(serviceIp)) === undefined);
      const [mine, servedAt] = await Promise.all([
        cluster.apply(pod(name, image, LATE)).then(() => routed(here, 3, () => ready.at.get(name))),
        firstAnswer(serviceIp, name),
      ]);
      ours.push(mine);
      theirs.push(servedAt - (ready.at.get(name) ?? Number.NaN));
      await site.settled(3);
      const uid = await cluster.kubectl('get', 'pod', name, '--output=jsonpath={.metadata.uid}');
      await checkRouted(site, uid, name);
      await cluster.kubectl('delete', 'pod', name, '--force', '--grace-period=0');
      await site.settled(2);
    }
    ready.stop();
    const { p99, text } = summary(ours);
    const ratio = median(ours.map(({ totalMs }, round) => totalMs / (theirs[round] ?? Number.NaN)));
    const service = `Service: median ${median(theirs).toFixed(0)} ms, worst ${Math.max(...theirs).toFixed(0)} ms; ours ${ratio.toFixed(2)} times that (median)`;
    return [
      atMost(
        'real pods: from the event that a pod is ready to routed on all gateways, worst',
        p99,
        LIMIT_MS,
        'ms',
        `${text}. ${service}`,
      ),
    ];
  } finally {
    await site?.stop();
    await cluster.dispose();
  }
}

function pod(name: string, image: string, labels: object = {}) {
  const readinessProbe = { httpGet: { path: '/readyz', port: 8080 }, periodSeconds: 1 };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { ...SELECTOR.matchLabels, ...labels } },
    spec: { containers: [{ name: 'node', image, imagePullPolicy: 'Never', readinessProbe }] },
  };
}

async function makeService(cluster: KubernetesCluster): Promise<string> {
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'late', namespace: 'default' },
    spec: { selector: LATE, ports: [{ port: 80, targetPort: 8080 }] },
  });
  return await cluster.kubectl('get', 'service', 'late', '--output=jsonpath={.spec.clusterIP}');
}

/** Unix ms when the Service first answered from the pod. */
async function firstAnswer(host: string, podName: string): Promise<number> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    if ((await answer(host))?.includes(podName) === true) return performance.timeOrigin + performance.now();
    await delay(POLL_MS);
  }
  throw new Error(`the Service did not answer from ${podName} within 60 s`);
}

/** What the Service answers at once, on a connection of its own; undefined when nobody does. */
function answer(host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = request({ host, path: '/env', agent: false, timeout: 100 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.once('close', () => resolve(text === '' ? undefined : text));
    });
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => resolve(undefined));
    asked.end();
  });
}
