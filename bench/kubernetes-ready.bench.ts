import { fileURLToPath } from 'node:url';
import { kubernetesApi } from '@wscluster/testbed/kubernetes';
import { freePorts } from '@wscluster/testbed/ports';
import { LoggedProcess } from '../test/e2e/support/processes.ts';
import { until } from '../test/e2e/support/wait.ts';
import { FakePods } from '../test/kubernetes/support/fake-pods.ts';
import { SELECTOR } from '../test/kubernetes/support/resources.ts';
import { checkRouted, type Routed, routed, summary } from './kubernetes-routed.ts';
import { KubernetesSite, watchReady } from './kubernetes-site.ts';
import { atMost, type BenchResult } from './result.ts';

const ROUNDS = 50;
const OTHERS = 1000;
const LIMIT_MS = 250;
const nodeMain = fileURLToPath(new URL('../ws-node/src/main.ts', import.meta.url));

/**
 * From the API server's event that a pod is ready, as an independent watcher gets it, to the moment that the last of
 * two gateways routes to it. A real API server, RabbitMQ and Redis; nobody runs the pods, but their addresses are those
 * of real nodes, of which two are there already and the third comes again and again. Then the same among 1,000 other
 * pods.
 */
export async function run(): Promise<BenchResult[]> {
  const api = await kubernetesApi();
  const pods = new FakePods(api);
  const nodes: LoggedProcess[] = [];
  let site: KubernetesSite | undefined;
  try {
    const [port = 0] = await freePorts(1);
    const spec = { nodes: { selector: SELECTOR, port }, rebalance: REBALANCE };
    site = await KubernetesSite.start(api, spec, { gateways: 2 });
    const addresses = ['127.0.0.11', '127.0.0.12', '127.0.0.13'];
    for (const host of addresses)
      nodes.push(new LoggedProcess([nodeMain, '--id', host, '--listen', `${host}:${port}`]));
    await until('the nodes listen', () => nodes.every((node) => node.has('node-listening')));
    const ready = await watchReady(api);
    const late = addresses.pop() ?? '';
    const base = addresses.map((_, at) => `chat-${at}`);
    await pods.create(base, SELECTOR.matchLabels);
    for (const [at, ip] of addresses.entries()) await pods.setReady(base[at] ?? '', ip);
    await site.settled(base.length);

    const few = await measure(site, pods, ready.at, late, 'few', base.length);
    const others = Array.from({ length: OTHERS }, (_, n) => `other-${n}`);
    await pods.create(others, SELECTOR.matchLabels);
    await pods.makeReady(others);
    await site.settled(base.length + OTHERS);
    const many = await measure(site, pods, ready.at, late, 'many', base.length + OTHERS);
    ready.stop();
    return [
      atMost(
        "from Kubernetes' event that a pod is ready to routed on all gateways, p99",
        ...([few.p99, LIMIT_MS, 'ms', few.text] as const),
      ),
      atMost(`the same among ${OTHERS} other pods, p99`, ...([many.p99, LIMIT_MS, 'ms', many.text] as const)),
    ];
  } finally {
    await Promise.all(nodes.map((node) => node.end('SIGKILL')));
    pods.close();
    await site?.stop();
    await api.dispose();
  }
}

const REBALANCE = { maxConnectionsPerSecond: 0, replacementSeconds: 0 };

async function measure(
  site: KubernetesSite,
  pods: FakePods,
  readyAt: ReadonlyMap<string, number>,
  ip: string,
  prefix: string,
  others: number,
): Promise<{ p99: number; text: string }> {
  const rounds: Routed[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const name = `late-${prefix}-${round}`;
    const [pod] = await pods.create([name], SELECTOR.matchLabels);
    await pods.setReady(name, ip);
    rounds.push(await routed(site, others + 1, () => readyAt.get(name)));
    await site.settled(others + 1);
    await checkRouted(site, pod?.uid ?? '', ip);
    await pods.remove([name]);
    await site.settled(others);
  }
  return summary(rounds);
}
