import { type KubernetesApi, kubernetesApi } from '@wscluster/testbed/kubernetes';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { addServiceAccount } from '../contracts/support/kubernetes-client.ts';
import { http } from '../e2e/support/http.ts';
import { until } from '../e2e/support/wait.ts';
import { installCrd } from './support/crd.ts';
import { FakePods } from './support/fake-pods.ts';
import { startOperator } from './support/operated.ts';
import { podLists } from './support/pod-lists.ts';
import { brokerSecrets, SELECTOR, wsCluster } from './support/resources.ts';

const PODS = 1000;
const LEAVING = 300;
/** From the last pod's being ready, or the last one's end, to the ring; a small machine that does other things too. */
const BOUND_MS = 10_000;

let api: KubernetesApi;
let pods: FakePods;
let operator: Awaited<ReturnType<typeof startOperator>>;

beforeAll(async () => {
  api = await kubernetesApi();
  await installCrd(api);
  await addServiceAccount(api, 'default');
  await api.apply(brokerSecrets(inject('brokers')));
  await api.apply(wsCluster('chat', { nodes: { selector: SELECTOR } }));
  pods = new FakePods(api);
  operator = await startOperator(api);
  await until('it leads', () => operator.process.has('leading'), 30_000);
});
afterAll(async () => {
  pods?.close();
  const code = await operator?.process.end('SIGTERM');
  await api?.dispose();
  expect(code).toBe(0);
});

const ring = () => http('GET', `http://127.0.0.1:${operator.apiPort}/api/v1/clusters/default.chat/ring`);

async function members(): Promise<string[]> {
  const { status, text } = await ring();
  if (status !== 200) throw new Error(`the ring is not to be had: ${status} ${text}; ${operator.process.story}`);
  return (JSON.parse(text) as { members: { nodeId: string }[] }).members.map(({ nodeId }) => nodeId).sort();
}

test('1,000 pods appear and are a ring without being listed again; then 300 leave, and exactly those', async () => {
  await until('the cluster is known', async () => (await ring()).status === 200);
  expect(await members()).toEqual([]);
  const listsBefore = await podLists(api);

  const names = Array.from({ length: PODS }, (_, n) => `chat-${n}`);
  const created = await pods.create(names, SELECTOR.matchLabels);
  await pods.makeReady(names);
  await until(`the ring has ${PODS} members`, async () => (await members()).length === PODS, BOUND_MS);
  expect(await members()).toEqual(created.map(({ uid }) => uid).sort());

  const leaving = created.filter((_, n) => n % 10 < (10 * LEAVING) / PODS);
  const staying = created.filter((pod) => !leaving.includes(pod));
  await pods.remove(leaving.map(({ name }) => name));
  await until(
    'the ring has no more members than stay',
    async () => (await members()).length <= staying.length,
    BOUND_MS,
  );
  expect(await members()).toEqual(staying.map(({ uid }) => uid).sort());

  expect((await podLists(api)) - listsBefore).toBeLessThanOrEqual(1);
  const metrics = await http('GET', `http://127.0.0.1:${operator.probePort}/metrics`);
  expect(metrics.text).toMatch(/^controller_runtime_reconcile_total\{controller="wscluster",result="success"\} [1-9]/m);
  expect(metrics.text).toContain('controller_runtime_reconcile_errors_total{controller="wscluster"} 0');
  expect(metrics.text).toContain('leader_election_master_status{name="wscluster-controller"} 1');
  expect(operator.process.lines.filter(({ level }) => level === 'error')).toEqual([]);
});
