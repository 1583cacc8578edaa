import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { V1Deployment } from '@kubernetes/client-node';
import { type KubernetesApi, kubernetesApi } from '@wscluster/testbed/kubernetes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { until } from '../e2e/support/wait.ts';
import { type Asker, allowed, serviceAccount, textOf } from './support/may.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const deploy = join(root, 'deploy', 'k8s');
const SYSTEM = 'wscluster-system';
const NAMESPACE = 'wscluster';

let api: KubernetesApi;
/** An installation with the component `api`, as docs/kubernetes.md has it. */
let withApi: string;
beforeAll(async () => {
  withApi = mkdtempSync(join(tmpdir(), 'wsc-overlay-'));
  const at = (...path: string[]) => relative(withApi, join(deploy, ...path));
  const overlay = { namespace: SYSTEM, resources: [at('base')], components: [at('components', 'api')] };
  writeFileSync(join(withApi, 'kustomization.yaml'), JSON.stringify(overlay));
  api = await kubernetesApi({ controllerManager: true });
  await api.kubectl('apply', '--kustomize', join(deploy, 'dev'), '--warnings-as-errors');
  await api.kubectl('create', 'namespace', NAMESPACE);
  await api.kubectl('apply', '--kustomize', join(deploy, 'namespaced'), '--warnings-as-errors');
});
afterAll(async () => {
  rmSync(withApi, { recursive: true });
  await api.dispose();
});

const built = async (folder: string) =>
  parseAllDocuments(await api.kubectl('kustomize', folder)).map((document) => document.toJS());

/** Of each object of the folder: what changes with it, and not with its status where it has one. */
async function versions(folder: string): Promise<string[]> {
  const list = JSON.parse(await api.kubectl('get', '--kustomize', folder, '--output=json'));
  return list.items.map(({ kind, metadata }: Record<string, Record<string, unknown>>) =>
    JSON.stringify([kind, metadata?.name, metadata?.generation ?? metadata?.resourceVersion]),
  );
}

test.each(['deploy/k8s/user-roles', 'deploy/k8s/base', 'deploy/k8s/dev', 'deploy/k8s/namespaced'])(
  '%s can be applied again, and then changes nothing',
  async (name) => {
    const folder = join(root, name);
    const before = await versions(folder);
    await api.kubectl('apply', '--kustomize', folder, '--warnings-as-errors');
    expect(await versions(folder)).toEqual(before);
    expect(before).toHaveLength((await built(folder)).length);
  },
);

test('one namespace needs nothing beyond it', async () => {
  const objects = await built(join(deploy, 'namespaced'));
  expect(objects.map(({ metadata }) => metadata.namespace)).toEqual(objects.map(() => NAMESPACE));
  for (const { subjects = [] } of objects)
    for (const subject of subjects) expect(subject).toMatchObject({ namespace: NAMESPACE });
});

test('the same rights in one namespace as in all', async () => {
  const rulesIn = async (folder: string, kind: string) =>
    (await built(join(deploy, folder))).find(
      (object) => object.kind === kind && object.metadata.name === 'wscluster-controller',
    )?.rules;
  const rules = await rulesIn('base', 'ClusterRole');
  expect(rules).toHaveLength(9);
  expect(await rulesIn('namespaced', 'Role')).toEqual(rules);
});

/** Everything that the code asks of the API server, beside the Lease. */
const NEEDED = [
  ...['get', 'list', 'watch', 'patch'].map((verb) => `${verb} wsclusters.wscluster.io`),
  'patch wsclusters.wscluster.io/status',
  'update wsclusters.wscluster.io/finalizers',
  ...['list', 'watch', 'create', 'patch', 'delete'].flatMap((verb) => [
    `${verb} pods`,
    `${verb} services`,
    `${verb} deployments.apps`,
    `${verb} poddisruptionbudgets.policy`,
  ]),
  'get deployments.apps',
  'get secrets',
  'create events.events.k8s.io',
];
const LEASE = ['get', 'update'].map((verb) => `${verb} leases.coordination.k8s.io:wscluster-controller`);

const FORBIDDEN = [
  ...['list', 'watch', 'create', 'update', 'patch', 'delete'].map((verb) => `${verb} secrets`),
  ...['create', 'update', 'delete'].map((verb) => `${verb} wsclusters.wscluster.io`),
  ...['create pods/exec', 'get pods/log', 'create pods/portforward', 'create pods/eviction', 'deletecollection pods'],
  ...['get configmaps', 'create serviceaccounts/token', 'impersonate serviceaccounts', 'create jobs.batch'],
  ...['create roles.rbac.authorization.k8s.io', 'bind roles.rbac.authorization.k8s.io'],
  ...['get leases.coordination.k8s.io:another', 'update leases.coordination.k8s.io:another'],
  ...['delete leases.coordination.k8s.io:wscluster-controller', 'list leases.coordination.k8s.io'],
];
const FORBIDDEN_IN_CLUSTER = [
  ...['list nodes', 'delete nodes', 'patch nodes', 'list namespaces', 'delete namespaces', 'get persistentvolumes'],
  ...['create clusterroles.rbac.authorization.k8s.io', 'escalate clusterroles.rbac.authorization.k8s.io'],
  ...['bind clusterroles.rbac.authorization.k8s.io', 'create clusterrolebindings.rbac.authorization.k8s.io'],
  ...['patch customresourcedefinitions.apiextensions.k8s.io', 'list secrets', 'update leases.coordination.k8s.io'],
];

describe('the service account of the controller may do what it must, and no more:', () => {
  const inEach = (whats: readonly string[], ...namespaces: readonly (string | undefined)[]) =>
    namespaces.flatMap((namespace) => whats.map((what) => ({ what, namespace })));
  const ask = (who: Asker, questions: ReturnType<typeof inEach>) => allowed(api, who, questions);

  test('for all namespaces', async () => {
    const who = serviceAccount(SYSTEM, 'wscluster-controller');
    const must = [
      ...inEach(NEEDED, undefined, 'chat'),
      ...inEach([...LEASE, 'create leases.coordination.k8s.io'], SYSTEM),
    ];
    expect(await ask(who, must)).toEqual(must.map(textOf));
    const mustNot = [
      ...inEach(FORBIDDEN, 'chat', SYSTEM, 'kube-system'),
      ...inEach(FORBIDDEN_IN_CLUSTER, undefined),
      ...inEach([...LEASE, 'create leases.coordination.k8s.io'], 'chat', 'kube-system'),
    ];
    expect(await ask(who, mustNot)).toEqual([]);
  });

  test('for one namespace', async () => {
    const who = serviceAccount(NAMESPACE, 'wscluster-controller');
    const lease = [...LEASE, 'create leases.coordination.k8s.io'];
    const must = inEach([...NEEDED, ...lease], NAMESPACE);
    expect(await ask(who, must)).toEqual(must.map(textOf));
    const mustNot = [
      ...inEach(FORBIDDEN, NAMESPACE),
      ...inEach(FORBIDDEN_IN_CLUSTER, undefined),
      ...inEach([...NEEDED, ...lease, ...FORBIDDEN], undefined, 'chat', SYSTEM),
    ];
    expect(await ask(who, mustNot)).toEqual([]);
  });

  test('users get their rights by the roles view, edit and admin of Kubernetes', async () => {
    const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
    const questions = inEach(
      [
        ...verbs.map((verb) => `${verb} wsclusters.wscluster.io`),
        ...['patch wsclusters.wscluster.io/scale', 'get wsclusters.wscluster.io/status'],
        'patch wsclusters.wscluster.io/status',
      ],
      'team',
    );
    await api.kubectl('create', 'namespace', 'team');
    const may = (user: string) => ask({ user }, questions);
    for (const role of ['view', 'edit', 'admin'])
      await api.kubectl('create', 'rolebinding', role, '--namespace=team', `--clusterrole=${role}`, `--user=${role}`);
    // The controller manager puts the rules together.
    await until('the roles are extended', async () => (await may('admin')).length > 0, 20_000, 200);
    const granted = (...whats: string[]) => whats.map((what) => `${what} in team`);
    const reads = verbs.slice(0, 3).map((verb) => `${verb} wsclusters.wscluster.io`);
    const writes = verbs.slice(3, 7).map((verb) => `${verb} wsclusters.wscluster.io`);
    const status = 'get wsclusters.wscluster.io/status';
    const scale = 'patch wsclusters.wscluster.io/scale';
    expect(await may('view')).toEqual(granted(...reads, status));
    expect(await may('edit')).toEqual(granted(...reads, ...writes, scale, status));
    expect(await may('admin')).toEqual(
      granted(...reads, ...writes, 'deletecollection wsclusters.wscluster.io', scale, status),
    );
  });
});

test.each(readdirSync(join(deploy, 'samples')))(
  'the API server accepts the sample %s without a warning',
  async (name) => {
    const file = join(deploy, 'samples', name);
    const said = await api.apply(readFileSync(file, 'utf8'), '--dry-run=server', '--warnings-as-errors');
    expect(said.trim().split('\n')).toHaveLength(parseAllDocuments(readFileSync(file, 'utf8')).length);
  },
);

test.each(['dev', 'api'])('pods of the controller are restricted in the installation %s', async (variant) => {
  const objects = await built(variant === 'api' ? withApi : join(deploy, variant));
  const deployment: V1Deployment | undefined = objects.find(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'wscluster-controller',
  );
  const { metadata, spec } = deployment?.spec?.template ?? {};
  const pod = (changed: object) => ({
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: { ...metadata, name: 'controller', namespace: SYSTEM },
    spec: { ...spec, ...changed },
  });
  await api.apply(pod({}), '--dry-run=server', '--warnings-as-errors');
  await expect(api.apply(pod({ securityContext: {} }), '--dry-run=server')).rejects.toThrow(/PodSecurity "restricted/);
});

test('the controller has an image, and names one of gateways, of the same version', async () => {
  const objects = await built(join(deploy, 'base'));
  const text = JSON.stringify(objects);
  const [, controller] = /wscluster\/controller:([\w.-]+)/.exec(text) ?? [];
  const [, gateway] = /wscluster\/gateway:([\w.-]+)/.exec(text) ?? [];
  expect(controller).toBeDefined();
  expect(gateway).toBe(controller);
});
