import { type KubernetesApi, kubernetesApi } from '@wscluster/testbed/kubernetes';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../e2e/support/wait.ts';
import { installCrd } from '../kubernetes/support/crd.ts';
import { type KubernetesScene, kubernetesScene } from './support/kubernetes-scene.ts';
import { type KubernetesWatcher, watchKubernetes } from './support/kubernetes-watcher.ts';

// Without a kubelet: the tests say themselves what becomes of pods.

let api: KubernetesApi;
let scene: KubernetesScene;
let watcher: KubernetesWatcher;
beforeAll(async () => {
  api = await kubernetesApi();
  await installCrd(api);
});
afterAll(() => api.dispose());
beforeEach(async () => {
  if (api.pid === undefined) await api.startApi();
  scene = await kubernetesScene(api, { nodeName: 'nowhere', containers: [{ name: 'node', image: 'chat:1' }] });
  watcher = await watchKubernetes(scene);
});
afterEach(async () => {
  await scene.kubectl('delete', 'pods', '--all', '--force', '--grace-period=0');
  await watcher.source.close();
  await scene.dispose();
});

const nameOf = async (id: string) => (await scene.pod(id)).metadata.name;
const setStatus = async (id: string, status: object) => {
  const patch = JSON.stringify({ status });
  await scene.kubectl('patch', 'pod', await nameOf(id), '--subresource=status', '--type=merge', '-p', patch);
};
/** What kubelet says of a pod that is well, but for what is given. */
const statusOf = (podIP: string, { ready = true, state = { running: {} }, restartCount = 0 } = {}) => ({
  phase: 'Running',
  podIP,
  podIPs: [{ ip: podIP }],
  conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
  containerStatuses: [{ name: 'node', image: '', imageID: '', ready, restartCount, state }],
});
/** A pod of somebody else. */
const run = async (name: string, metadata: object = {}, spec: object = {}) => {
  const containers = [{ name: 'node', image: 'chat:1' }];
  const { namespace } = scene.cluster;
  const labels = { app: 'chat' };
  await api.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels, ...metadata },
    spec: { nodeName: 'nowhere', containers, ...spec },
  });
  return await scene.kubectl('get', 'pod', name, '-o', 'jsonpath={.metadata.uid}');
};
const bring = () => {
  const { template: _, ...settings } = scene.settings;
  scene.settings = { ...settings, selector: { app: 'chat' } };
};
const createReady = async (ip = '10.0.0.1') => {
  const id = await watcher.source.create();
  await setStatus(id, statusOf(ip));
  await watcher.sees(id, { phase: 'ready', address: `${ip}:8080` });
  return id;
};

describe('a pod that the controller makes', () => {
  test('belongs to its cluster by labels and owner, and is listed at once', async () => {
    const id = await watcher.source.create();
    expect(await watcher.find(id)).toMatchObject({ phase: 'starting', managed: true, address: undefined });
    const { metadata } = await scene.pod(id);
    expect(metadata.name).toMatch(new RegExp(`^${scene.cluster.name}-[b-z2-9]{5}$`));
    expect(metadata).toMatchObject({
      labels: { 'wscluster.io/cluster': scene.cluster.name, 'wscluster.io/role': 'node' },
      ownerReferences: [{ kind: 'WsCluster', uid: scene.cluster.uid, controller: true }],
    });
  });

  test('gets its labels again when somebody takes them away', async () => {
    const id = await createReady();
    const name = await nameOf(id);
    for (const change of ['wscluster.io/role-', 'wscluster.io/cluster=other']) {
      await scene.kubectl('label', 'pod', name, change, '--overwrite');
      await until('it has them', async () => {
        await watcher.source.list();
        const { labels = {} } = (await scene.pod(id)).metadata;
        return labels['wscluster.io/role'] === 'node' && labels['wscluster.io/cluster'] === scene.cluster.name;
      });
      await watcher.sees(id, { phase: 'ready', managed: true });
    }
    expect(watcher.warnings.map(({ event }) => event)).toEqual(['node-labelled-again', 'node-labelled-again']);
  });

  test('is outdated when the template has changed, and only then', async () => {
    const id = await watcher.source.create();
    await watcher.source.list();
    expect((await watcher.find(id))?.outdated).toBeUndefined();
    scene.settings = { ...scene.settings, drainSeconds: 7 };
    expect(await watcher.find(id)).toMatchObject({ outdated: true });
    const fresh = await watcher.source.create();
    expect((await watcher.find(fresh))?.outdated).toBeUndefined();
  });

  test('is deleted when it has ended and its time is over, and not before', async () => {
    await watcher.source.close();
    watcher = await watchKubernetes(scene, { tombstoneMs: 1_500 });
    const id = await createReady();
    await setStatus(id, { phase: 'Failed', reason: 'Evicted', message: 'no memory left' });
    await watcher.sees(id, { phase: 'gone' });
    const since = performance.now();
    const [line] = await watcher.warned('node-exit');
    expect(line).toMatchObject({
      node: id,
      msg: expect.stringContaining('no memory left'),
      action: expect.stringContaining('within 1.5 s'),
    });
    await until('it is asked to go', async () => {
      await watcher.source.list();
      return (await scene.pods()).every(({ metadata }) => metadata.deletionTimestamp !== undefined);
    });
    expect(performance.now() - since).toBeGreaterThan(1_400);
    await until('it is not listed any more', async () => (await watcher.find(id)) === undefined);
  });

  test('gets what remains of its time when it is stopped, and one request', async () => {
    const [fresh, spent] = [await createReady(), await createReady('10.0.0.2')];
    const past = new Date(Date.now() - 60_000).toISOString();
    await scene.kubectl('annotate', 'pod', await nameOf(spent), `wscluster.io/drain=${past}`);
    await watcher.sees(spent, { phase: 'draining', drainingSince: Date.parse(past) });
    for (const id of [fresh, spent, fresh]) await watcher.source.stop(id);
    for (const [id, seconds] of [
      [fresh, 20],
      [spent, 15],
    ] as const) {
      await watcher.sees(id, { phase: 'draining' });
      expect((await scene.pod(id)).metadata.deletionGracePeriodSeconds).toBe(seconds);
    }
    const since = (await watcher.find(fresh))?.drainingSince ?? 0;
    expect(Math.abs(Date.now() - since)).toBeLessThan(10_000);
  });

  test('is removed by force when it should have ended long ago: its machine is gone', async () => {
    scene.settings = {
      ...scene.settings,
      template: {
        spec: { nodeName: 'nowhere', terminationGracePeriodSeconds: 0, containers: [{ name: 'node', image: 'x' }] },
      },
    };
    const id = await createReady();
    await scene.kubectl('delete', 'pod', await nameOf(id), '--wait=false', '--grace-period=1');
    await watcher.sees(id, { phase: 'draining' });
    await until(
      'it is removed',
      async () => {
        await watcher.source.stop(id).catch(() => {});
        return (await scene.pods()).length === 0;
      },
      20_000,
      200,
    );
    await watcher.sees(id, { phase: 'gone' });
    expect(await watcher.warned('node-forced')).toHaveLength(1);
  });

  test('is removed by endAll, by force where its machine does not answer', async () => {
    const ids = [await createReady(), await watcher.source.create()];
    await watcher.source.list();
    await watcher.source.endAll();
    expect(await scene.pods()).toEqual([]);
    for (const id of ids) await watcher.sees(id, { phase: 'gone' });
  });
});

describe('a pod that cannot be made', () => {
  test('for a quota: the words of the API, and others can be made when there is room', async () => {
    await scene.kubectl('create', 'quota', 'few', '--hard=pods=0');
    await until('the quota counts', async () =>
      (await scene.kubectl('get', 'quota', 'few', '-o', 'name')).includes('few'),
    );
    // Who keeps count of what is used does not run here.
    await scene.kubectl(
      'patch',
      'quota',
      'few',
      '--subresource=status',
      '--type=merge',
      '-p',
      '{"status":{"hard":{"pods":"0"},"used":{"pods":"0"}}}',
    );
    await expect(watcher.source.create()).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: expect.stringMatching(/exceeded quota: few.*raise the quota/),
    });
    await scene.kubectl('delete', 'quota', 'few');
    await until(
      'it can be made',
      async () =>
        await watcher.source.create().then(
          () => true,
          () => false,
        ),
    );
  });

  test('for the security level of the namespace', async () => {
    await api.kubectl('label', 'namespace', scene.cluster.namespace, 'pod-security.kubernetes.io/enforce=restricted');
    await until(
      'it is refused',
      async () =>
        await watcher.source.create().then(
          () => false,
          () => true,
        ),
    );
    await expect(watcher.source.create()).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: expect.stringMatching(/violates PodSecurity "restricted.*runAsNonRoot.*change the pod template/s),
    });
  });

  test('for a template that is none', async () => {
    scene.settings = { ...scene.settings, template: { spec: { containers: [{ name: 'Not a name', image: 'x' }] } } };
    await expect(watcher.source.create()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      field: 'nodes.template',
      message: expect.stringMatching(/spec\.containers\[0\]\.name.*RFC 1123.*correct nodes\.template/s),
    });
  });

  test('for want of a right', async () => {
    await watcher.source.close();
    const user = `user-${scene.cluster.name}`;
    await scene.kubectl('create', 'role', 'look', '--verb=list,watch', '--resource=pods');
    await scene.kubectl('create', 'rolebinding', 'look', '--role=look', `--user=${user}`);
    watcher = await watchKubernetes(scene, { kubeconfig: await api.kubeconfigFor({ user }) });
    await watcher.source.list();
    await expect(watcher.source.create()).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: expect.stringContaining(`allow the verb create on pods in the namespace ${scene.cluster.namespace}`),
    });
  });
});

describe('a pod of somebody else', () => {
  beforeEach(() => bring());

  test('is a node when it has the labels, and not one that the controller may end with all', async () => {
    const [id, other] = [await run('a'), await run('b', { labels: { app: 'other' } })];
    await setStatus(id, statusOf('10.0.0.1'));
    await watcher.source.list();
    await watcher.sees(id, { phase: 'ready', managed: false });
    expect(await watcher.find(other)).toBeUndefined();
    await expect(watcher.source.kill(other)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await watcher.source.endAll();
    expect(await watcher.find(id)).toMatchObject({ phase: 'ready' });
    await watcher.source.kill(id);
    await watcher.sees(id, { phase: 'gone' });
  });

  test('drains by its annotation for as long as it has it, and the next controller knows since when', async () => {
    const id = await run('a');
    await setStatus(id, statusOf('10.0.0.1'));
    await watcher.source.list();
    await watcher.sees(id, { phase: 'ready' });
    await scene.kubectl('annotate', 'pod', 'a', 'wscluster.io/drain=true');
    await watcher.sees(id, { phase: 'draining' });
    await scene.kubectl('annotate', 'pod', 'a', 'wscluster.io/drain-');
    await watcher.sees(id, { phase: 'ready' });
    const asked = Date.now();
    await watcher.source.drain(id);
    const since = (await watcher.find(id))?.drainingSince ?? 0;
    expect(since).toBeGreaterThanOrEqual(asked);
    await watcher.source.drain(id);
    await watcher.source.close();
    watcher = await watchKubernetes(scene);
    await watcher.sees(id, { phase: 'draining', drainingSince: since });
  });

  test('has the weight, the limit and the port of its annotations; of ones that are none it is said once', async () => {
    const annotations = {
      'wscluster.io/weight': '2.5',
      'wscluster.io/max-connections': '500',
      'wscluster.io/port': '9000',
    };
    const [good, wrong] = [
      await run('a', { annotations }),
      await run('b', { annotations: { 'wscluster.io/port': 'x' } }),
    ];
    await setStatus(good, statusOf('10.0.0.1'));
    await setStatus(wrong, statusOf('10.0.0.2'));
    await watcher.source.list();
    await watcher.sees(good, { phase: 'ready', weight: 2.5, maxConnections: 500, address: '10.0.0.1:9000' });
    await watcher.sees(wrong, { phase: 'ready', address: '10.0.0.2:8080' });
    for (let n = 0; n < 3; n++) await watcher.source.list();
    expect(watcher.warnings).toMatchObject([{ event: 'node-annotation-invalid', node: wrong }]);
  });

  test('may have an IPv6 address; of two on the network of one host the first has it', async () => {
    const six = await run('six');
    await setStatus(six, statusOf('fd00::7'));
    const first = await run('first', {}, { hostNetwork: true });
    await setStatus(first, statusOf('10.0.0.9'));
    await watcher.source.list();
    await watcher.sees(six, { phase: 'ready', address: '[fd00::7]:8080' });
    await watcher.sees(first, { phase: 'ready', address: '10.0.0.9:8080' });
    // Times of creation have whole seconds.
    const made = await scene.kubectl('get', 'pod', 'first', '-o', 'jsonpath={.metadata.creationTimestamp}');
    await until('a pod made from now on is younger', () => Date.now() >= Date.parse(made) + 1_000);
    const second = await run('second', {}, { hostNetwork: true });
    await setStatus(second, statusOf('10.0.0.9'));
    await watcher.sees(second, { phase: 'starting', address: undefined });
    const [line] = await watcher.warned('node-address-taken');
    expect(line).toMatchObject({ node: second, action: expect.stringContaining('wscluster.io/port') });
    await scene.kubectl('delete', 'pod', 'first', '--force', '--grace-period=0');
    await watcher.sees(second, { phase: 'ready', address: '10.0.0.9:8080' });
    expect(watcher.warnings).toHaveLength(1);
  });

  test('is none any more when the selector is another one; no listing is half of one', async () => {
    const [a, b] = [await run('a'), await run('b', { labels: { app: 'other' } })];
    for (const [id, ip] of [
      [a, '10.0.0.1'],
      [b, '10.0.0.2'],
    ] as const)
      await setStatus(id, statusOf(ip));
    await watcher.source.list();
    await watcher.sees(a, { phase: 'ready' });
    scene.settings = { ...scene.settings, selector: { app: 'other' } };
    expect(await watcher.find(b)).toMatchObject({ phase: 'ready' });
    expect(await watcher.find(a)).toMatchObject({ phase: 'gone' });
  });
});

describe('an API server that goes away', () => {
  test('leaves the last state; what is asked of it is refused with its name; then all is made up for', async () => {
    const [stays, ends] = [await createReady(), await createReady('10.0.0.2')];
    const name = await nameOf(ends);
    await api.killApi();
    expect(await watcher.source.list()).toMatchObject([{ phase: 'ready' }, { phase: 'ready' }]);
    for (const call of [watcher.source.create(), watcher.source.kill(ends), watcher.source.drain(stays)])
      await expect(call).rejects.toMatchObject({
        code: 'SOURCE_UNAVAILABLE',
        message: expect.stringContaining(api.server),
      });
    await api.startApi();
    await scene.kubectl('delete', 'pod', name, '--force', '--grace-period=0');
    await watcher.sees(ends, { phase: 'gone' });
    expect(await watcher.find(stays)).toMatchObject({ phase: 'ready' });
    expect(watcher.warnings.map(({ event }) => event)).toEqual(['kubernetes-unreachable']);
  });

  test('has no list for who comes then, and one when it is back', async () => {
    const id = await createReady();
    await watcher.source.close();
    await api.stopApi();
    watcher = await watchKubernetes(scene);
    await expect(watcher.source.list()).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    await api.startApi();
    await until(
      'it lists',
      async () =>
        await watcher.source.list().then(
          () => true,
          () => false,
        ),
      30_000,
    );
    expect(await watcher.find(id)).toMatchObject({ phase: 'ready' });
  });
});
