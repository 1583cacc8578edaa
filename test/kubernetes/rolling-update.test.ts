import { fileURLToPath } from 'node:url';
import { slotOf } from '@wscluster/ring';
import { type KubernetesApi, kubernetesApi } from '@wscluster/testbed/kubernetes';
import { freePorts } from '@wscluster/testbed/ports';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { Crowd } from '../e2e/support/crowd.ts';
import { http } from '../e2e/support/http.ts';
import { migrations } from '../e2e/support/migrations.ts';
import { LoggedProcess } from '../e2e/support/processes.ts';
import type { NodeView, RingView } from '../e2e/support/system.ts';
import { until } from '../e2e/support/wait.ts';
import { installCrd } from './support/crd.ts';
import { LoopbackMachine } from './support/loopback-machine.ts';
import { list } from './support/objects.ts';
import { startOperator } from './support/operated.ts';
import { brokerSecrets, SELECTOR, wsCluster } from './support/resources.ts';

// A Deployment of somebody else, rolled by the real controllers of Kubernetes.

const gatewayMain = fileURLToPath(new URL('../../gateway/src/main.ts', import.meta.url));
const CLIENTS = 300;
const brokers = inject('brokers');

let api: KubernetesApi;
let machine: LoopbackMachine;
let operator: Awaited<ReturnType<typeof startOperator>>;
let gateway: LoggedProcess;
let gatewayPort = 0;
let gatewayProbes = 0;

beforeAll(async () => {
  api = await kubernetesApi({ controllerManager: true });
  await installCrd(api);
  await api.apply(brokerSecrets(brokers));
  machine = await LoopbackMachine.join(api);
  await api.apply(rolled('reconnect'));
  operator = await startOperator(api);
  const [port = 0, probes = 0] = await freePorts(2);
  gatewayPort = port;
  gatewayProbes = probes;
  gateway = new LoggedProcess(
    [
      ...[gatewayMain, '--cluster', 'default.rolled', '--id', 'gateway-1', '--drain-seconds', '1'],
      ...['--listen', `127.0.0.1:${port}`, '--probes', `127.0.0.1:${probes}`],
    ],
    { WSCLUSTER_RABBITMQ_URL: brokers.rabbitmqUrl, WSCLUSTER_REDIS_URL: brokers.redisUrl },
  );
}, 120_000);
afterAll(async () => {
  await gateway?.end('SIGTERM');
  await operator?.process.end('SIGTERM');
  await machine?.leave();
  await api?.dispose();
}, 180_000);

function rolled(mode: 'reconnect' | 'migrate') {
  const routes = [{ path: '/websocket/connect/{userId}', key: { param: 'userId' } }];
  const nodes = { selector: SELECTOR, port: machine.port };
  return wsCluster('rolled', { nodes, routing: { routes }, rebalance: { mode } });
}

/** An answer of the API about the cluster. Undefined until the controller leads. */
async function ask<T>(path: string): Promise<T | undefined> {
  const url = `http://127.0.0.1:${operator.apiPort}/api/v1/clusters/default.rolled${path}`;
  const answer = await http('GET', url).catch(() => undefined);
  return answer?.status === 200 ? (JSON.parse(answer.text) as T) : undefined;
}

const ring = () => ask<RingView>('/ring?slots=true');

async function podUids(): Promise<string[]> {
  const pods = await list<{ metadata: { uid: string } }>(api, 'pods', { selector: 'app=chat' });
  return pods.map(({ metadata }) => metadata.uid).sort();
}

/** The ring has exactly the pods that there are, and that many. */
async function agreed(replicas: number): Promise<void> {
  await until(
    `the ring has ${replicas} members, the pods that there are`,
    async () => {
      const [known, uids] = [await ring(), await podUids()];
      const ids = known?.members.map(({ nodeId }) => nodeId).sort() ?? [];
      return ids.length === replicas && JSON.stringify(ids) === JSON.stringify(uids);
    },
    120_000,
    250,
  );
}

function deployment(replicas: number) {
  const container = { name: 'chat', image: 'chat:1', ports: [{ containerPort: machine.port }] };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas,
      selector: SELECTOR,
      strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels: SELECTOR.matchLabels },
        spec: { nodeName: machine.name, containers: [container] },
      },
    },
  };
}

/** Each node has the connections of the keys that it owns. */
async function atTheirOwners({ clients }: Crowd): Promise<boolean> {
  const [known, answer] = [await ring(), await ask<{ nodes: NodeView[] }>('/nodes')];
  const ownerOf = (key: string) => known?.members[known.table[slotOf(key)] ?? -1]?.nodeId;
  const owned = (id: string) => clients.filter(({ key }) => ownerOf(key) === id).length;
  return answer?.nodes.every(({ id, connections }) => connections === owned(id)) === true;
}

test.each([
  { replicas: 2, mode: 'reconnect', noticed: 1 },
  { replicas: 5, mode: 'migrate', noticed: 0 },
] as const)(
  'a rolling restart of $replicas pods moves each of 300 clients once ($mode)',
  async ({ replicas, mode, noticed }) => {
    await api.apply(rolled(mode));
    await api.apply(deployment(replicas));
    await agreed(replicas);
    await until('the gateway has the ring', async () => {
      const answer = await ask<{ gateways: { inSync: boolean }[] }>('/gateways');
      return answer?.gateways.length === 1 && answer.gateways[0]?.inSync === true;
    });
    const before = await podUids();
    const url = (key: string) => `ws://127.0.0.1:${gatewayPort}/websocket/connect/${encodeURIComponent(key)}`;
    const crowd = await Crowd.connect({ clientUrls: (key) => [url(key)] }, CLIENTS);
    try {
      await api.kubectl('rollout', 'restart', 'deployment/web');
      await until(
        'no pod is left of those before',
        async () => {
          const uids = await podUids();
          return uids.length === replicas && uids.every((uid) => !before.includes(uid));
        },
        240_000,
        250,
      );
      await agreed(replicas);
      await until('every client is with its owner', () => atTheirOwners(crowd));
      const counts = crowd.clients.map(({ closes }) => closes.length);
      expect(counts).toEqual(Array(CLIENTS).fill(noticed));
      const outcomes = await migrations({ gateways: [{ probes: gatewayProbes }] });
      expect(outcomes).toEqual(mode === 'migrate' ? { migrated: CLIENTS } : {});
      expect(await crowd.quiet()).toEqual([]);
    } finally {
      crowd.stop();
    }
  },
  420_000,
);
