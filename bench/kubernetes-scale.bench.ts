import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { kubernetesApi } from '@wscluster/testbed/kubernetes';
import { until } from '../test/e2e/support/wait.ts';
import { FakePods } from '../test/kubernetes/support/fake-pods.ts';
import { namesOf } from '../test/kubernetes/support/objects.ts';
import { podLists } from '../test/kubernetes/support/pod-lists.ts';
import { POD, SELECTOR } from '../test/kubernetes/support/resources.ts';
import { CONTROLLER_HEAP } from './heap.ts';
import { KubernetesSite } from './kubernetes-site.ts';
import { atMost, type BenchResult, median } from './result.ts';

const PODS = 1000;
/** Long enough that every watch is ended by the server and opened again, some of them twice. */
const WATCHED_MS = 150_000;
const CHANGE_MS = 2_000;
const SCRAPE_MS = 250;
const RELIST_MS = 540_000;
/** The controller's own pods, and those that the selector matches; the latter in pages of 500. */
const PAGES = { managed: 1 + PODS / 500, selected: 1 + PODS / 500 };
const LIMITS = { reconcileMs: 1000, rssMb: 300 };

/**
 * A controller with 1,000 pods in one WsCluster: pods of somebody else that a selector matches, then those that it
 * makes itself. A real API server, RabbitMQ and Redis; nobody runs the pods. While it is watched, each 2 s a pod's
 * weight changes.
 */
export async function run(): Promise<BenchResult[]> {
  return [...(await measure('selected')), ...(await measure('managed'))];
}

async function measure(kind: 'selected' | 'managed'): Promise<BenchResult[]> {
  const api = await kubernetesApi();
  const pods = new FakePods(api);
  let site: KubernetesSite | undefined;
  try {
    const nodes = kind === 'selected' ? { selector: SELECTOR } : { template: POD, replicas: PODS };
    const rebalance = { maxConnectionsPerSecond: 0, replacementSeconds: 0 };
    site = await KubernetesSite.start(api, { nodes, rebalance }, { controllerEnv: CONTROLLER_HEAP });
    const begun = performance.now();
    if (kind === 'selected')
      await pods.create(
        Array.from({ length: PODS }, (_, n) => `chat-${n}`),
        SELECTOR.matchLabels,
      );
    let names: string[] = [];
    await until(
      `there are ${PODS} pods`,
      async () => {
        names = await namesOf(api, 'pods');
        return names.length === PODS;
      },
      240_000,
      1000,
    );
    const made = performance.now();
    await pods.makeReady(names);
    const ready = performance.now();
    await site.settled(PODS, 240_000);
    const seconds = (from: number, to: number) => ((to - from) / 1000).toFixed(1);
    const start = `${seconds(begun, made)} s until all pods are made, ${seconds(made, ready)} s until the last is ready, ${seconds(ready, performance.now())} s more until all are in the ring`;

    const watched = await watch(site, pods, names);
    const allowed = Math.ceil(watched.ms / RELIST_MS) * PAGES[kind];
    const of = `${PODS} ${kind} pods`;
    return [
      atMost(
        `controller: a look at everything, worst, ${of}`,
        Math.max(...watched.runs),
        LIMITS.reconcileMs,
        'ms',
        `median ${median(watched.runs).toFixed(0)} ms of ${watched.runs.length} within ${(watched.ms / 1000).toFixed(0)} s, rings are published within; ${start}`,
      ),
      atMost(
        `controller: memory (RSS), ${of}`,
        watched.rssMb,
        LIMITS.rssMb,
        'MB',
        `largest while watched, with the heap that Node has under a limit of 512 MiB; ${peakMb(site.operator.process.pid).toFixed(0)} MB at most since its start`,
      ),
      atMost(
        `API server: LISTs of pods, ${of}`,
        watched.lists,
        allowed,
        'requests',
        `within ${(watched.ms / 1000).toFixed(0)} s, as the API server counts them; everything is listed again after 9 to 10 minutes`,
      ),
    ];
  } finally {
    pods.close();
    await site?.stop();
    await api.dispose();
  }
}

interface Watched {
  readonly ms: number;
  /** What each look took, ms; of several between two scrapes the sum, so never too little. */
  readonly runs: readonly number[];
  readonly rssMb: number;
  readonly lists: number;
}

async function watch(site: KubernetesSite, pods: FakePods, names: readonly string[]): Promise<Watched> {
  const look = async () => {
    const metrics = await site.metrics();
    const of = (name: string) => metrics.get(name) ?? Number.NaN;
    return {
      count: of('controller_runtime_reconcile_time_seconds_count{controller="wscluster"}'),
      seconds: of('controller_runtime_reconcile_time_seconds_sum{controller="wscluster"}'),
      rssMb: of('process_resident_memory_bytes') / 1e6,
    };
  };
  const lists = await podLists(site.api);
  const begun = performance.now();
  const runs: number[] = [];
  let rssMb = 0;
  let before = await look();
  let changes = 0;
  while (performance.now() - begun < WATCHED_MS) {
    if (performance.now() - begun > changes * CHANGE_MS) {
      const name = names[changes % names.length] ?? '';
      await pods.annotate(name, { 'wscluster.io/weight': changes % 2 === 0 ? '2' : '0.5' });
      changes++;
    }
    await delay(SCRAPE_MS);
    const now = await look();
    if (now.count > before.count) runs.push((now.seconds - before.seconds) * 1000);
    rssMb = Math.max(rssMb, now.rssMb);
    before = now;
  }
  if (runs.length === 0) throw new Error('the controller counted no look at everything');
  return { ms: performance.now() - begun, runs, rssMb, lists: (await podLists(site.api)) - lists };
}

function peakMb(pid: number): number {
  const kb = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kb) * 1024) / 1e6;
}
