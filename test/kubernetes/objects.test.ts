import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1Deployment, V1PodDisruptionBudget, V1Service } from '@kubernetes/client-node';
import { gatewayObjects } from '@wscluster/controller/kubernetes/objects';
import { deploymentApplies, holdsReplicas } from '@wscluster/controller/kubernetes/objects/deployment';
import { type KubernetesApi, kubernetesApi } from '@wscluster/testbed/kubernetes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../e2e/support/wait.ts';
import { installCrd } from './support/crd.ts';
import { get as getObject, namesOf, type Resources } from './support/objects.ts';
import { SELECTOR, wsCluster } from './support/resources.ts';

/** Its pods must keep to the restricted Pod Security Standard. */
const NAMESPACE = 'strict';

let api: KubernetesApi;
beforeAll(async () => {
  api = await kubernetesApi({ controllerManager: true });
  await installCrd(api);
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels } });
  await until('the service account of the namespace', async () => (await names('serviceaccounts')).includes('default'));
});
afterAll(() => api.dispose());

const get = <T>(resources: Resources, name: string): Promise<T> => getObject(api, resources, name, NAMESPACE);
const names = (resources: Resources, selector = '') => namesOf(api, resources, { namespace: NAMESPACE, selector });

/** Applies the WsCluster; what its objects are made from, with the API server's own defaults. */
async function inputOf(name: string, spec: object) {
  await api.apply(wsCluster(name, spec, NAMESPACE));
  const resource = await get<{ metadata: { uid: string }; spec: Parameters<typeof gatewayObjects>[0]['spec'] }>(
    'wsclusters',
    name,
  );
  const cluster = { name, namespace: NAMESPACE, uid: resource.metadata.uid, id: `${NAMESPACE}.${name}` };
  return { cluster, spec: resource.spec, gatewayImage: 'wscluster/gateway:test' };
}

const apply = (object: object, manager = 'wscluster') =>
  api.apply(object, '--server-side', '--force-conflicts', '--warnings-as-errors', `--field-manager=${manager}`);

test('the objects are valid, their pods are restricted, and applying them again changes nothing', async () => {
  const service = {
    type: 'LoadBalancer',
    port: 443,
    nodePort: 30_443,
    externalTrafficPolicy: 'Local',
    annotations: { 'example.com/internal': 'true' },
  };
  const pod = {
    imagePullSecrets: [{ name: 'registry' }],
    nodeSelector: { edge: 'yes' },
    tolerations: [{ key: 'edge', operator: 'Exists', effect: 'NoSchedule' }],
  };
  const gateway = { replicas: 2, service, pod, resources: { limits: { cpu: 2, memory: '512Mi' } } };
  const input = await inputOf('full', { gateway });
  const objects = gatewayObjects(input);
  await apply(objects);
  await until('two pods of the Deployment', async () => {
    return (await names('pods', 'wscluster.io/cluster=full,wscluster.io/role=gateway')).length === 2;
  });
  const before = [
    await get<V1Deployment>('deployments', 'full-gateway'),
    await get<V1Service>('services', 'full-gateway'),
  ];
  await apply(objects);
  const after = [
    await get<V1Deployment>('deployments', 'full-gateway'),
    await get<V1Service>('services', 'full-gateway'),
  ];
  expect(after[0]?.metadata?.generation).toBe(before[0]?.metadata?.generation);
  expect(after[1]?.metadata?.resourceVersion).toBe(before[1]?.metadata?.resourceVersion);
  expect(after[1]?.spec).toMatchObject({ type: 'LoadBalancer', externalTrafficPolicy: 'Local' });
});

test('what somebody changes of them is put right, and what others add stays', async () => {
  const objects = gatewayObjects(await inputOf('mended', {}));
  await apply(objects);
  const patch = {
    metadata: { labels: { team: 'a' } },
    spec: { type: 'NodePort', selector: { 'wscluster.io/role': 'none' } },
  };
  await api.kubectl('patch', 'service', 'mended-gateway', `--namespace=${NAMESPACE}`, '--patch', JSON.stringify(patch));
  await apply(objects);
  const service = await get<V1Service>('services', 'mended-gateway');
  expect(service.spec).toMatchObject({ type: 'ClusterIP', selector: { 'wscluster.io/role': 'gateway' } });
  expect(service.metadata?.labels).toMatchObject({ team: 'a' });
});

test('the number of gateways begins with 2, is left to whoever scales, and taken back where the spec says one', async () => {
  const reconcile = async (gateway: object) => {
    const input = await inputOf('scaled', { gateway });
    const found = (await names('deployments')).includes('scaled-gateway');
    const now = found ? await get<V1Deployment>('deployments', 'scaled-gateway') : undefined;
    const existing = now && {
      replicas: now.spec?.replicas ?? 1,
      holdsReplicas: holdsReplicas(now.metadata?.managedFields),
    };
    for (const { object, fieldManager } of deploymentApplies(input, existing)) await apply(object, fieldManager);
    return (await get<V1Deployment>('deployments', 'scaled-gateway')).spec?.replicas;
  };
  const scale = (replicas: number) =>
    api.kubectl('scale', 'deployment/scaled-gateway', `--namespace=${NAMESPACE}`, `--replicas=${replicas}`);

  expect(await reconcile({})).toBe(2);
  expect(await reconcile({})).toBe(2);
  await scale(4);
  expect(await reconcile({ drainSeconds: 5 })).toBe(4);
  expect(await reconcile({ replicas: 3 })).toBe(3);
  await scale(1);
  expect(await reconcile({ replicas: 3 })).toBe(3);
  expect(await reconcile({})).toBe(3);
  await scale(5);
  expect(await reconcile({})).toBe(5);
});

test('one managed node at a time may be evicted, of as many as there should be', async () => {
  const input = await inputOf('budget', { nodes: { replicas: 3, template: { spec: POD_SPEC } } });
  await apply(gatewayObjects(input));
  const names = ['a', 'b', 'c'].map((letter) => `budget-${letter}`);
  const owner = { apiVersion: 'wscluster.io/v1alpha1', kind: 'WsCluster', name: 'budget', uid: input.cluster.uid };
  const labels = { 'wscluster.io/cluster': 'budget', 'wscluster.io/role': 'node' };
  const metadata = { namespace: NAMESPACE, labels, ownerReferences: [{ ...owner, controller: true }] };
  await api.apply(
    names.map((name) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name }, spec: POD_SPEC })),
  );
  // The controller manager learns of a new kind within 30 s; what it could not count before it counts at a pod's next
  // change.
  let looks = 0;
  const allowed = (what: string, evictions: number) =>
    until(
      what,
      async () => {
        looks++;
        await api.kubectl('annotate', 'pod', 'budget-b', `--namespace=${NAMESPACE}`, '--overwrite', `looks=${looks}`);
        const { status } = await get<V1PodDisruptionBudget>('poddisruptionbudgets', 'budget-node');
        return status?.expectedPods === 3 && status.disruptionsAllowed === evictions;
      },
      60_000,
      1_000,
    );
  const ready = JSON.stringify({ status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } });
  for (const name of names) {
    if (name === 'budget-c') await allowed('no eviction while one is missing', 0);
    await api.kubectl('patch', 'pod', name, `--namespace=${NAMESPACE}`, '--subresource=status', '--patch', ready);
  }
  await allowed('an eviction of one of three', 1);
  const folder = mkdtempSync(join(tmpdir(), 'wscluster-eviction-'));
  const evict = (name: string) => {
    const file = join(folder, name);
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: NAMESPACE } };
    writeFileSync(file, JSON.stringify(eviction));
    return api.kubectl('create', '--raw', `/api/v1/namespaces/${NAMESPACE}/pods/${name}/eviction`, '--filename', file);
  };
  await evict('budget-a');
  await expect(evict('budget-b')).rejects.toThrow("violate the pod's disruption budget");
  rmSync(folder, { recursive: true });
});

const POD_SPEC = {
  securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      name: 'chat',
      image: 'chat:1',
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
  ],
};

test('nodes of others have no budget of ours', async () => {
  await apply(gatewayObjects(await inputOf('others', { nodes: { selector: SELECTOR } })));
  const budgets = await names('poddisruptionbudgets');
  expect(budgets).toContain('others-gateway');
  expect(budgets).not.toContain('others-node');
});
