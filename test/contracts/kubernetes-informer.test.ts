import { connectKubernetes, type Kube } from '@wscluster/controller/kubernetes/client';
import { type Informer, type InformerOptions, startInformer } from '@wscluster/controller/kubernetes/client/informer';
import { type KubernetesApi, kubernetesApi } from '@wscluster/testbed/kubernetes';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../e2e/support/wait.ts';
import { copyKubeconfig, newNamespace, type RelayedApi, relayedApi } from './support/kubernetes-client.ts';
import { recordingLog } from './support/log-lines.ts';

const CONFIG_MAPS = { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps' };
interface ConfigMap {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
  readonly data?: Readonly<Record<string, string>>;
}

let api: KubernetesApi;
let namespace: string;
let relayed: RelayedApi;
let logged: ReturnType<typeof recordingLog>;
const open: { close(): Promise<void> | void }[] = [];
let changes = 0;

beforeAll(async () => {
  api = await kubernetesApi();
});
afterAll(() => api.dispose());
beforeEach(async () => {
  if (api.pid === undefined) await api.startApi();
  namespace = await newNamespace(api);
  relayed = await relayedApi(api);
  logged = recordingLog('info');
  changes = 0;
});
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
  await relayed.close();
});

function connect(kubeconfig = relayed.kubeconfig): Kube {
  const kube = connectKubernetes({ kubeconfig, log: logged.log });
  open.push(kube);
  return kube;
}
function follow(kube: Kube, options: Partial<InformerOptions<ConfigMap, string>> = {}): Informer<ConfigMap, string> {
  const informer = startInformer<ConfigMap, string>({
    kube,
    resource: CONFIG_MAPS,
    namespace,
    labelSelector: 'followed=yes',
    keep: ({ metadata, data }) => (data?.text === 'hidden' ? undefined : `${metadata.name} ${data?.text}`),
    onChange: () => changes++,
    log: logged.log,
    ...options,
  });
  open.push(informer);
  return informer;
}
const put = async (name: string, text: string) => {
  const metadata = { name, namespace, labels: { followed: 'yes' } };
  await api.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { text } });
};
const drop = async (name: string) => await api.kubectl('delete', 'configmap', name, '-n', namespace);
/** How often this API server was asked for a list of ConfigMaps in a namespace. */
const lists = async () => {
  const metrics = await api.kubectl('get', '--raw', '/metrics');
  const counters = metrics.matchAll(/^apiserver_request_total\{(.*)\} (\d+)$/gm);
  const isList = (labels: string) =>
    ['resource="configmaps"', 'scope="namespace"', 'verb="LIST"'].every((label) => labels.includes(label));
  return [...counters].reduce((sum, [, labels = '', count]) => sum + (isList(labels) ? Number(count) : 0), 0);
};
const held = (informer: Informer<ConfigMap, string>) => [...informer.objects.values()].sort();
/** Waits for a state as the controller does: it looks when it was told that something changed. */
const holds = async (informer: Informer<ConfigMap, string>, expected: readonly string[], deadlineMs = 20_000) => {
  let looked = -1;
  await until(
    `it holds ${expected.join(', ')}`,
    () => {
      if (looked === changes) return false;
      looked = changes;
      return JSON.stringify(held(informer)) === JSON.stringify(expected);
    },
    deadlineMs,
  ).catch((error: Error) => {
    throw new Error(`${error.message}; it holds ${JSON.stringify(held(informer))}`);
  });
};
const events = () => logged.lines.map(({ event }) => event);

describe('objects that are followed', () => {
  test('are those that match, as they are created, changed, kept or not, and deleted', async () => {
    await put('a', '1');
    const informer = follow(connect());
    await informer.whenSynced(10_000);
    expect(held(informer)).toEqual(['a 1']);
    await put('b', '1');
    await holds(informer, ['a 1', 'b 1']);
    await put('a', '2');
    await holds(informer, ['a 2', 'b 1']);
    await put('b', 'hidden');
    await holds(informer, ['a 2']);
    await put('b', 'shown');
    await holds(informer, ['a 2', 'b shown']);
    await api.kubectl('label', 'configmap', 'b', '-n', namespace, 'followed-');
    await holds(informer, ['a 2']);
    await drop('a');
    await holds(informer, []);
    expect(logged.warnings).toEqual([]);
  });

  test('are many: it is synced when the last page of the list has come, not before', async () => {
    const kube = connect();
    const names = Array.from({ length: 1_100 }, (_, n) => `many-${n}`);
    const create = async (name: string) => {
      const metadata = { name, namespace, labels: { followed: 'yes' } };
      await kube.call({ verb: 'create', resource: CONFIG_MAPS, namespace, body: { metadata, data: { text: 'x' } } });
    };
    for (let at = 0; at < names.length; at += 20) await Promise.all(names.slice(at, at + 20).map(create));
    const informer = follow(kube);
    expect([informer.synced, informer.objects.size]).toEqual([false, 0]);
    await until('it is synced', () => informer.synced, 20_000, 1);
    expect(informer.objects.size).toBe(1_100);
  });

  test('of all namespaces', async () => {
    const informer = follow(connect(), { namespace: undefined, labelSelector: `followed=${namespace}` });
    await informer.whenSynced(10_000);
    await put('a', '1');
    await api.kubectl('label', 'configmap', 'a', '-n', namespace, `followed=${namespace}`, '--overwrite');
    await holds(informer, ['a 1']);
  });

  test('are made up for when the watch was cut', async () => {
    const informer = follow(connect());
    await informer.whenSynced(10_000);
    for (let n = 1; n <= 3; n++) {
      expect(relayed.relay.break()).toBeGreaterThan(0);
      await put('a', String(n));
      await holds(informer, [`a ${n}`]);
    }
    expect(logged.warnings).toEqual([]);
  });

  test('are made up for when the watch fell silent', async () => {
    const informer = follow(connect(), { watchSeconds: 1 });
    await informer.whenSynced(10_000);
    await put('a', '1');
    await holds(informer, ['a 1']);
    relayed.relay.cutOff();
    await put('a', '2');
    relayed.relay.mend();
    await holds(informer, ['a 2'], 30_000);
  });

  test('are listed again when the past is forgotten', async () => {
    await put('a', '1');
    await put('b', '1');
    const informer = follow(connect());
    await informer.whenSynced(10_000);
    relayed.relay.cutOff();
    await drop('a');
    await put('b', '2');
    await api.compact();
    relayed.relay.mend();
    relayed.relay.break();
    await holds(informer, ['b 2']);
    expect(events().filter((event) => event === 'kubernetes-watch-refused')).toEqual([]);
  });

  test('are listed again from time to time', async () => {
    const informer = follow(connect(), { relistMs: 1, watchSeconds: 1 });
    await informer.whenSynced(10_000);
    await put('a', '1');
    await holds(informer, ['a 1']);
    const seen = changes;
    const listed = await lists();
    await until('it was listed three times more', async () => (await lists()) >= listed + 3);
    expect(changes).toBe(seen);
    await drop('a');
    await holds(informer, []);
  });
});

describe('an API server that goes away', () => {
  test('is told of once, and once when it is back; meanwhile the last state is held', async () => {
    const kube = connect(api.kubeconfig);
    const informers = [follow(kube), follow(kube)];
    for (const informer of informers) await informer.whenSynced(10_000);
    await put('a', '1');
    for (const informer of informers) await until('it is held', () => held(informer).length === 1);
    await api.killApi();
    await until('it is told', () => events().includes('kubernetes-unreachable'));
    expect(informers.map(held)).toEqual([['a 1'], ['a 1']]);
    await expect(kube.call({ verb: 'get', resource: CONFIG_MAPS, namespace, name: 'a' })).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: expect.stringContaining(api.server),
    });
    await api.startApi();
    await put('b', '1');
    for (const informer of informers) await until('it follows again', () => held(informer).length === 2, 30_000);
    expect(events()).toEqual(['kubernetes-unreachable', 'kubernetes-reachable']);
  });

  test('from the start, is waited for; who waits is told why', async () => {
    await api.stopApi();
    const informer = follow(connect(api.kubeconfig));
    await expect(informer.whenSynced(1_000)).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: expect.stringContaining('the API server is running'),
    });
    expect(informer.synced).toBe(false);
    await api.startApi();
    await informer.whenSynced(30_000);
  });

  test('frozen, is given up after a time', async () => {
    const kube = connect(api.kubeconfig);
    await kube.call({ verb: 'list', resource: CONFIG_MAPS, namespace });
    api.freeze();
    const asked = performance.now();
    try {
      const call = kube.call({ verb: 'list', resource: CONFIG_MAPS, namespace, timeoutMs: 500 });
      await expect(call).rejects.toMatchObject({ message: expect.stringContaining('no answer within 0.5 s') });
      expect(performance.now() - asked).toBeLessThan(3_000);
    } finally {
      api.thaw();
    }
    await kube.call({ verb: 'list', resource: CONFIG_MAPS, namespace });
  });
});

describe('who we are', () => {
  test('without the right to list: it is told once which one, and it goes on when it is given', async () => {
    const user = `user-${namespace}`;
    const informer = follow(connect(await api.kubeconfigFor({ user })));
    await until('it is told', () => events().includes('kubernetes-watch-refused'));
    await expect(informer.whenSynced(1_000)).rejects.toMatchObject({
      message: expect.stringContaining(`allow the verb list on configmaps in the namespace ${namespace}`),
    });
    await api.kubectl('create', 'role', 'all', '--verb=list,watch', '--resource=configmaps', '-n', namespace);
    await api.kubectl('create', 'rolebinding', 'all', '--role=all', `--user=${user}`, '-n', namespace);
    await informer.whenSynced(30_000);
    expect(events()).toEqual(['kubernetes-watch-refused', 'kubernetes-watch-resumed']);
  });

  test('is read again when it is refused: tokens rotate', async () => {
    const copy = copyKubeconfig(api.kubeconfig);
    try {
      copy.replace(/("token": ")/, '$1stale-');
      const kube = connect(copy.path);
      const call = () => kube.call({ verb: 'list', resource: CONFIG_MAPS, namespace });
      await expect(call()).rejects.toMatchObject({ message: expect.stringContaining('is not accepted') });
      copy.replace('stale-', '');
      await call();
    } finally {
      copy.remove();
    }
  });

  test('must be said', () => {
    expect(() => connectKubernetes({ kubeconfig: '/nowhere/config', log: logged.log })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('/nowhere/config') }),
    );
  });
});

test('closing ends what is under way', async () => {
  const kube = connect(api.kubeconfig);
  const informer = follow(kube);
  await informer.whenSynced(10_000);
  const call = kube.call({ verb: 'list', resource: CONFIG_MAPS, namespace });
  kube.close();
  await expect(call).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  await informer.close();
  await expect(kube.call({ verb: 'list', resource: CONFIG_MAPS, namespace })).rejects.toMatchObject({
    code: 'SHUTTING_DOWN',
  });
  expect(logged.warnings).toEqual([]);
});
