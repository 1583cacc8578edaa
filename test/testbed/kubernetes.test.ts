import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { baseImages, dockerEngine } from '@wscluster/testbed';
import {
  type KubernetesApi,
  type KubernetesCluster,
  kubernetesApi,
  kubernetesCluster,
} from '@wscluster/testbed/kubernetes';
import { afterEach, expect, test } from 'vitest';
import { processesNaming } from '../e2e/support/processes.ts';
import { until } from '../e2e/support/wait.ts';

/** Another process may have the cluster or the engine for some minutes. */
const PATIENCE = 600_000;

let api: KubernetesApi | undefined;
afterEach(async () => {
  await api?.dispose();
  api = undefined;
}, 60_000);

async function cluster(): Promise<KubernetesCluster> {
  const made = await kubernetesCluster();
  api = made;
  return made;
}

const IMAGE = 'redis:7.0';

let isLoaded = false;

/** Once for all tests: the image stays when a cluster goes. */
async function loadImage(into: KubernetesCluster): Promise<void> {
  if (isLoaded) return;
  const engine = await dockerEngine();
  try {
    await baseImages(engine);
    await into.loadImages(engine, [IMAGE]);
    isLoaded = true;
  } finally {
    await engine.dispose();
  }
}

function redisPod(name: string): object {
  const container = {
    name: 'redis',
    image: IMAGE,
    readinessProbe: { exec: { command: ['redis-cli', 'ping'] }, periodSeconds: 1 },
  };
  return { metadata: { labels: { app: name } }, spec: { terminationGracePeriodSeconds: 1, containers: [container] } };
}

/** A deployment and a Service of its name, reachable from outside too. */
function redis(name: string, nodePort: number): object[] {
  const selector = { app: name };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: { selector: { matchLabels: selector }, template: redisPod(name) },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { type: 'NodePort', selector, ports: [{ port: 6379, nodePort }] },
    },
  ];
}

/** What Redis at this address answers to PING; the error's code when nobody does. */
async function ping(host: string, port: number): Promise<string> {
  const socket = connect({ host, port, timeout: 2000 }, () => socket.write('PING\r\n'));
  socket.once('timeout', () => socket.destroy(new Error('timeout')));
  try {
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return answer.toString().trim();
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  } finally {
    socket.destroy();
  }
}

/** What the machine has of clusters: links, mounts, filter rules, control groups and folders. */
async function traces(): Promise<string[]> {
  const lines = async (command: string, ...args: string[]) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    return (await text(child.stdout)).split('\n');
  };
  const groups = readdirSync('/sys/fs/cgroup', { recursive: true, encoding: 'utf8', withFileTypes: false });
  const all = [
    ...(await lines('ip', '-brief', 'link')),
    ...(await lines('ip', 'route')),
    ...(await lines('iptables-save')),
    ...(await lines('ip6tables-save')),
    ...readFileSync('/proc/self/mountinfo', 'utf8').split('\n'),
    ...groups.filter((path) => path.endsWith('wscluster-testbed')),
    ...['/var/lib/kubelet', '/var/lib/cni', '/var/log/pods'].filter((folder) => existsSync(folder)),
  ];
  return all.filter((line) => /wsc-k8s|wscluster-testbed|kube|cni|io\.containerd|10\.24[34]\.|\/var\//i.test(line));
}

/** What a kubelet would set for the whole machine. */
function sysctls(): string[] {
  const names = ['vm/overcommit_memory', 'kernel/panic', 'kernel/panic_on_oops', 'net/netfilter/nf_conntrack_max'];
  return names.map(
    (name) => `${name} ${existsSync(`/proc/sys/${name}`) ? readFileSync(`/proc/sys/${name}`, 'utf8') : ''}`,
  );
}

test('a killed API server is refused, and knows everything at the same address when it starts again', async () => {
  api = await kubernetesApi();
  const { address } = api;
  await api.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kept' }, data: { key: 'value' } });
  await api.killApi();
  expect(api.pid).toBeUndefined();
  await expect(api.kubectl('get', 'configmap', 'kept')).rejects.toThrow(/was refused/);
  await api.startApi();
  expect(api.address).toBe(address);
  expect(await api.kubectl('get', 'configmap', 'kept', '--output=jsonpath={.data.key}')).toBe('value');
});

test('compact makes older resource versions too old for a watch', async () => {
  const kubernetes = await kubernetesApi();
  api = kubernetes;
  const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
  await kubernetes.apply(configMap('first'));
  const version = await kubernetes.kubectl(
    'get',
    'configmap',
    'first',
    '--output=jsonpath={.metadata.resourceVersion}',
  );
  await kubernetes.apply(configMap('second'));
  const path = '/api/v1/namespaces/default/configmaps?watch=1&timeoutSeconds=1';
  const watch = () => kubernetes.kubectl('get', '--raw', `${path}&resourceVersion=${version}`);
  expect(await watch()).toMatch(/"type":"ADDED".*"name":"second"/);
  await kubernetes.compact();
  expect(await watch()).toMatch(/"type":"ERROR".*"code":410/);
});

test('read gives what kubectl gets, and rejects with what the server says', async () => {
  api = await kubernetesApi();
  await api.kubectl('create', 'configmap', 'a', '--from-literal=x=1');
  const path = '/api/v1/namespaces/default/configmaps';
  const got = JSON.parse(await api.kubectl('get', 'configmap', 'a', '--output=json'));
  // kubectl leaves out who manages which field.
  expect(await api.read(`${path}/a`)).toMatchObject(got);
  await expect(api.read(`${path}/b`)).rejects.toThrow('404');
  await api.killApi();
  await expect(api.read(`${path}/a`)).rejects.toThrow('ECONNREFUSED');
});

test('others may do what RBAC says', async () => {
  const kubernetes = await kubernetesApi({ controllerManager: true });
  api = kubernetes;
  await kubernetes.kubectl('create', 'serviceaccount', 'robot');
  await kubernetes.kubectl('create', 'clusterrolebinding', 'look', '--clusterrole=view', '--group=lookers');
  const may = async (kubeconfig: string, ...action: string[]) =>
    (await kubernetes.kubectl('auth', 'can-i', ...action, '--kubeconfig', kubeconfig).catch(() => 'no')).trim();
  const looker = await kubernetes.kubeconfigFor({ user: 'jane', groups: ['lookers'] });
  expect(await may(looker, 'list', 'pods')).toBe('yes');
  expect(await may(looker, 'delete', 'pods')).toBe('no');
  const robot = await kubernetes.kubeconfigFor({ serviceAccount: 'robot' });
  expect(await may(robot, 'list', 'pods')).toBe('no');
  expect(await kubernetes.kubectl('auth', 'whoami', '--kubeconfig', robot)).toMatch(/serviceaccount:default:robot/);
  expect(await may(kubernetes.kubeconfig, '*', '*')).toBe('yes');
});

test(
  'a deployment becomes ready, and is reached by its name from pods, by its port from here, also without the API server',
  async () => {
    const kubernetes = await cluster();
    await loadImage(kubernetes);
    await kubernetes.apply([...redis('store', 30_379), ...redis('client', 30_380)]);
    for (const name of ['store', 'client'])
      await kubernetes.kubectl('rollout', 'status', `deployment/${name}`, '--timeout=60s');
    const pod = await kubernetes.kubectl(
      'get',
      'pods',
      '--selector=app=client',
      '--output=jsonpath={.items[0].metadata.name}',
    );
    const fromPod = () =>
      kubernetes.kubectl('exec', pod, '--', 'redis-cli', '-h', 'store.default.svc.cluster.local', 'ping').catch(String);
    await until('the pod reaches the Service', async () => (await fromPod()) === 'PONG\n');
    expect(await kubernetes.kubectl('logs', pod)).toMatch(/Ready to accept connections/);
    expect(await ping(kubernetes.nodeAddress, 30_379)).toBe('+PONG');
    const clusterIp = await kubernetes.kubectl('get', 'service', 'store', '--output=jsonpath={.spec.clusterIP}');
    expect(await ping(clusterIp, 6379)).toBe('+PONG');
    await kubernetes.killApi();
    expect(await ping(kubernetes.nodeAddress, 30_379)).toBe('+PONG');
    await kubernetes.startApi();
    const [pid = 0, ...others] = await kubernetes.containerPids('default', pod);
    expect(others).toEqual([]);
    process.kill(pid, 'SIGKILL');
    const restarts = () =>
      kubernetes.kubectl('get', 'pod', pod, '--output=jsonpath={.status.containerStatuses[0].restartCount}');
    await until('the kubelet starts the container again', async () => (await restarts()) === '1');
  },
  PATIENCE,
);

test(
  'an image that is loaded again under its tag is the new one',
  async () => {
    const kubernetes = await cluster();
    const engine = await dockerEngine();
    try {
      await baseImages(engine);
      for (const answer of ['first', 'second']) {
        const input = `FROM ${IMAGE}\nENV ANSWER=${answer}\n`;
        await engine.dockerWith({ input }, 'build', '--quiet', '--tag', 'wscluster-test/answer', '-');
        await kubernetes.loadImages(engine, ['wscluster-test/answer']);
        const container = { name: 'c', image: 'wscluster-test/answer', imagePullPolicy: 'Never', command: ['env'] };
        const spec = { restartPolicy: 'Never', containers: [container] };
        await kubernetes.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: answer }, spec });
        const ended = '--for=jsonpath={.status.phase}=Succeeded';
        await kubernetes.kubectl('wait', ended, `pod/${answer}`, '--timeout=30s');
        expect(await kubernetes.kubectl('logs', answer)).toMatch(`ANSWER=${answer}\n`);
      }
    } finally {
      await engine.dispose();
    }
  },
  PATIENCE,
);

test(
  'a disposed cluster leaves nothing of itself, and nothing of its pods',
  async () => {
    const before = { traces: await traces(), sysctls: sysctls() };
    const kubernetes = await cluster();
    await loadImage(kubernetes);
    await kubernetes.apply(redis('left', 30_379));
    await kubernetes.kubectl('rollout', 'status', 'deployment/left', '--timeout=60s');
    const folder = dirname(kubernetes.kubeconfig);
    const pod = await kubernetes.kubectl('get', 'pods', '--output=jsonpath={.items[0].metadata.name}');
    const [pid = 0] = await kubernetes.containerPids('default', pod);
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    expect(processesNaming(folder).length).toBeGreaterThan(8);
    expect((await traces()).length).toBeGreaterThan(before.traces.length);
    await kubernetes.dispose();
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(processesNaming(folder)).toEqual([]);
    expect(existsSync(folder)).toBe(false);
    expect({ traces: await traces(), sysctls: sysctls() }).toEqual(before);
    const next = await cluster();
    expect(await next.kubectl('get', 'pods')).toBe('');
  },
  PATIENCE,
);

test(
  'the pods of a killed run end with it',
  async () => {
    if (!isLoaded) {
      const first = await cluster();
      await loadImage(first);
      await first.dispose();
    }
    const manifest = { apiVersion: 'v1', kind: 'Pod', ...redisPod('orphan') };
    const script = `
      import { kubernetesCluster } from '@wscluster/testbed/kubernetes';
      const cluster = await kubernetesCluster();
      const manifest = ${JSON.stringify(manifest)};
      manifest.metadata.name = 'orphan';
      await cluster.apply(manifest);
      await cluster.kubectl('wait', '--for=condition=Ready', 'pod/orphan', '--timeout=60s');
      const [pid] = await cluster.containerPids('default', 'orphan');
      process.stdout.write(pid + ' ' + cluster.kubeconfig, () => process.kill(process.pid, 'SIGKILL'));`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { cwd: import.meta.dirname });
    const [printed, [, signal]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    expect(signal).toBe('SIGKILL');
    const [pid, kubeconfig = ''] = printed.split(' ');
    await until('the pod has ended', () => !existsSync(`/proc/${pid}`));
    await until('the cluster has ended', () => processesNaming(dirname(kubeconfig)).length === 0);
    const links = async () => (await traces()).filter((line) => line.startsWith('wsc-k8s@'));
    await until('its link is gone', async () => (await links()).length === 0);
    const next = await cluster();
    expect(await next.kubectl('get', 'pods')).toBe('');
  },
  PATIENCE,
);
