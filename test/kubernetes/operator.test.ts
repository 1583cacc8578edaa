import { type KubernetesApi, kubernetesApi } from '@wscluster/testbed/kubernetes';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { askRedis, hasExchange } from '../brokers/support/brokers.ts';
import { http } from '../e2e/support/http.ts';
import { until } from '../e2e/support/wait.ts';
import { installCrd } from './support/crd.ts';
import { get, namesOf } from './support/objects.ts';
import { condition, makeReady, type Resource, startOperator, wscluster } from './support/operated.ts';
import { brokerSecrets, POD, SELECTOR, wsCluster } from './support/resources.ts';

const BY_CLUSTER = 'wscluster.io/cluster=';

describe('a controller on an API server without machines', () => {
  let api: KubernetesApi;
  const { redisUrl, rabbitmqUrl } = inject('brokers');
  let operator: Awaited<ReturnType<typeof startOperator>>;
  let count = 0;

  beforeAll(async () => {
    api = await kubernetesApi({ controllerManager: true });
    await installCrd(api);
    await api.apply(brokerSecrets({ redisUrl, rabbitmqUrl }));
    operator = await startOperator(api);
  });
  afterAll(async () => {
    const code = await operator?.process.end('SIGTERM');
    await api?.dispose();
    expect(code).toBe(0);
  });
  afterEach(async () => {
    await api.kubectl('delete', 'wsc', '--all', '--timeout=30s');
  });

  /** The pods that are nodes. */
  const nodesOf = (name: string) => namesOf(api, 'pods', { selector: `${BY_CLUSTER}${name},wscluster.io/role=node` });

  /** A cluster with all its pods ready. */
  async function readyCluster(spec: object = {}): Promise<string> {
    const name = `chat-${++count}`;
    const literals = [`--from-literal=bus=${rabbitmqUrl}`, `--from-literal=store=${redisUrl}`];
    if (JSON.stringify(spec).includes('"own"')) await api.kubectl('create', 'secret', 'generic', 'own', ...literals);
    await api.apply(wsCluster(name, spec));
    await until('there are three pods', async () => (await nodesOf(name)).length === 3);
    for (const pod of await nodesOf(name)) await makeReady(api, pod);
    await condition(api, name, 'Ready', 'True');
    return name;
  }

  test('what is applied becomes pods, gateways, a ring and a true status, and kubectl wait returns', async () => {
    const name = await readyCluster();
    expect(await api.kubectl('wait', '--for=condition=Ready', `wsc/${name}`, '--timeout=5s')).toContain(
      'condition met',
    );
    const { status, metadata } = await wscluster(api, name);
    expect(status).toMatchObject({
      observedGeneration: metadata.generation,
      nodes: { desired: 3, ready: 3, draining: 0 },
      ring: { members: 3, revision: expect.stringMatching(/^\d+\.\d+$/) },
      selector: `wscluster.io/cluster=${name},wscluster.io/role=node`,
    });
    expect(await namesOf(api, 'deployments')).toEqual([`${name}-gateway`]);
    expect(await namesOf(api, 'services', { selector: `${BY_CLUSTER}${name}` })).toEqual([`${name}-gateway`]);
    expect(await namesOf(api, 'poddisruptionbudgets')).toEqual([`${name}-gateway`, `${name}-node`]);
    await until('an Event tells of it', async () =>
      (await api.kubectl('describe', 'wsc', name)).includes('Ready is True: the ring is at its target'),
    );
    // The API serves the same cluster.
    const answer = await http('GET', `http://127.0.0.1:${operator.apiPort}/api/v1/clusters/default.${name}/nodes`);
    expect((JSON.parse(answer.text) as { nodes: unknown[] }).nodes).toHaveLength(3);
  });

  test('a status that means the same is not written again', async () => {
    const name = await readyCluster();
    const { metadata } = await wscluster(api, name);
    const watched = await api
      .kubectl('get', 'wsc', name, '--watch-only', '--request-timeout=6s', '--output=name')
      .catch((error: Error) => error.message);
    expect(watched).not.toContain(name);
    expect((await wscluster(api, name)).metadata.resourceVersion).toBe(metadata.resourceVersion);
  });

  test('what is changed by hand is put right', async () => {
    const name = await readyCluster({ gateway: { replicas: 2 } });
    const gateway = `${name}-gateway`;
    await api.kubectl('scale', 'deployment', gateway, '--replicas=5');
    await api.kubectl('delete', 'service', gateway);
    await api.kubectl('label', 'pdb', `${name}-node`, 'wscluster.io/cluster-', 'app.kubernetes.io/managed-by-');
    await until('the Deployment has its replicas', async () => {
      const { spec } = await get<Resource>(api, 'deployments', gateway);
      return spec.replicas === 2;
    });
    await until('the Service is there', async () => (await namesOf(api, 'services')).includes(gateway));
    await until('the labels are there', async () => {
      const { metadata } = await get<Resource>(api, 'poddisruptionbudgets', `${name}-node`);
      return metadata.labels?.['app.kubernetes.io/managed-by'] === 'wscluster';
    });
  });

  test('where the spec names no number of gateways there are two at first, and then as many as somebody says', async () => {
    const name = await readyCluster();
    const replicas = async () => (await get<Resource>(api, 'deployments', `${name}-gateway`)).spec.replicas;
    expect(await replicas()).toBe(2);
    await api.kubectl('scale', 'deployment', `${name}-gateway`, '--replicas=4');
    // Whatever makes the controller apply the Deployment again.
    await api.kubectl('patch', 'wsc', name, '--type=merge', '--patch={"spec":{"gateway":{"drainSeconds":7}}}');
    await until('it is applied again', async () =>
      JSON.stringify((await get<Resource>(api, 'deployments', `${name}-gateway`)).spec).includes('"7"'),
    );
    expect(await replicas()).toBe(4);
  });

  test('scaled by /scale and by the spec: as many pods, and those without a place go first', async () => {
    const name = await readyCluster();
    const placed = await nodesOf(name);
    await api.kubectl('scale', 'wsc', name, '--replicas=5');
    await until('there are five', async () => (await nodesOf(name)).length === 5);
    const before = await wscluster(api, name);
    expect(before.spec.nodes).toMatchObject({ replicas: 5 });
    await api.kubectl('patch', 'wsc', name, '--type=merge', '--patch={"spec":{"nodes":{"replicas":3}}}');
    await until('there are three', async () => (await nodesOf(name)).length === 3);
    expect((await nodesOf(name)).sort()).toEqual(placed.sort());
    await condition(api, name, 'Ready', 'True');
  });

  test('a change through the API is a change of the resource', async () => {
    const name = await readyCluster();
    const url = `http://127.0.0.1:${operator.apiPort}/api/v1/clusters/default.${name}`;
    const type = { 'content-type': 'application/merge-patch+json' };
    const patched = await http('PATCH', url, '{"spec":{"rebalance":{"maxConnectionsPerSecond":77}}}', type);
    expect(patched.status).toBe(200);
    expect((await wscluster(api, name)).spec.rebalance).toMatchObject({ maxConnectionsPerSecond: 77 });
    const refused = await http('PATCH', url, '{"spec":{"bus":{"rabbitmq":{"secretRef":{"name":"other"}}}}}', type);
    expect(refused.status).toBe(400);
  });

  test('a missing Secret is said in the condition and an Event, and taken up when it is there', async () => {
    const name = `chat-${++count}`;
    const bus = { rabbitmq: { secretRef: { name: 'later' } } };
    await api.apply(wsCluster(name, { bus }));
    const { message } = await condition(api, name, 'Ready', 'SecretUnusable');
    expect(message).toContain('spec.bus.rabbitmq.secretRef: there is no Secret later in the namespace default');
    await until('an Event says so', async () =>
      (await api.kubectl('describe', 'wsc', name)).includes('SecretUnusable'),
    );
    await api.kubectl('create', 'secret', 'generic', 'later', `--from-literal=url=${rabbitmqUrl}`);
    await condition(api, name, 'Ready', 'NoNodeReady', 30_000);
    await api.kubectl('delete', 'secret', 'later');
  });

  test('a spec that only we can refuse is said in the condition, and the one before counts', async () => {
    const name = await readyCluster();
    const routes = ['/a/{x}', '/a/{y}'].map((path) => ({ path, key: { param: path.slice(4, 5) } }));
    await api.kubectl(
      'patch',
      'wsc',
      name,
      '--type=merge',
      `--patch=${JSON.stringify({ spec: { routing: { routes } } })}`,
    );
    const { message } = await condition(api, name, 'Ready', 'SpecInvalid');
    expect(message).toContain('routes[1].path');
    expect(await nodesOf(name)).toHaveLength(3);
    await api.kubectl('patch', 'wsc', name, '--type=merge', '--patch={"spec":{"routing":null}}');
    await condition(api, name, 'Ready', 'True');
  });

  test('a selector that matches nothing is said in a condition', async () => {
    const name = `chat-${++count}`;
    await api.apply(wsCluster(name, { nodes: { selector: SELECTOR } }));
    const { message } = await condition(api, name, 'BackendsAvailable', 'NoNodeFound');
    expect(message).toContain('selector');
  });

  test('a port that the pods do not have is said in the condition and an Event, and taken up when it is mended', async () => {
    const name = `chat-${++count}`;
    const ports = [{ containerPort: 8080 }];
    const template = { ...POD, spec: { containers: [{ ...POD.spec.containers[0], ports }] } };
    await api.apply(wsCluster(name, { nodes: { replicas: 1, port: 9090, template } }));
    await until('there is a pod', async () => (await nodesOf(name)).length === 1);
    for (const pod of await nodesOf(name)) await makeReady(api, pod);
    const { message } = await condition(api, name, 'Ready', 'PortNotInPod');
    expect(message).toMatch(/9090.*8080|8080.*9090/);
    await until('an Event says so', async () => (await api.kubectl('describe', 'wsc', name)).includes('PortNotInPod'));
    await api.kubectl('patch', 'wsc', name, '--type=merge', '--patch={"spec":{"nodes":{"port":8080}}}');
    const ready = new Set<string>();
    await until('its pod is ready', async () => {
      for (const pod of (await nodesOf(name)).filter((each) => !ready.has(each))) {
        // The pod of the former port may go between the two.
        await makeReady(api, pod).then(
          () => ready.add(pod),
          () => {},
        );
      }
      return (await condition(api, name, 'Ready', 'True', 1000).catch(() => undefined)) !== undefined;
    });
  }, 300_000);

  test('a deleted WsCluster leaves nothing, neither here nor in RabbitMQ and Redis', async () => {
    const name = await readyCluster();
    const keys = async () => await askRedis(redisUrl, 'KEYS', `*default.${name}*`);
    expect(await keys()).toEqual([`wscluster:{default.${name}}:ring`]);
    expect(await hasExchange(rabbitmqUrl, `wscluster.default.${name}.rings`)).toBe(true);
    await api.kubectl('delete', 'wsc', name, '--timeout=120s');
    const selector = `${BY_CLUSTER}${name}`;
    for (const resources of ['pods', 'deployments', 'services', 'poddisruptionbudgets'] as const)
      await until(
        `none of the ${resources} is left`,
        async () => (await namesOf(api, resources, { selector })).length === 0,
      );
    expect(await keys()).toEqual([]);
    for (const kind of ['rings', 'reports'])
      expect(await hasExchange(rabbitmqUrl, `wscluster.default.${name}.${kind}`)).toBe(false);
  });

  test('a WsCluster whose Secrets were deleted before it is deleted too, and leaves nothing', async () => {
    const name = await readyCluster({
      bus: { rabbitmq: { secretRef: { name: 'own', key: 'bus' } } },
      store: { redis: { secretRef: { name: 'own', key: 'store' } } },
    });
    await api.kubectl('delete', 'secret', 'own');
    await api.kubectl('delete', 'wsc', name, '--timeout=120s');
    expect(await askRedis(redisUrl, 'KEYS', `*default.${name}*`)).toEqual([]);
  });

  test('another Secret that is not there is said, and the one before counts until it is', async () => {
    const name = await readyCluster();
    const bus = (secret: string) =>
      api.kubectl(
        ...['patch', 'wsc', name, '--type=merge'],
        `--patch=${JSON.stringify({ spec: { bus: { rabbitmq: { secretRef: { name: secret } } } } })}`,
      );
    await bus('nowhere');
    const { message } = await condition(api, name, 'Ready', 'SecretUnusable');
    expect(message).toContain('there is no Secret nowhere');
    await api.kubectl('scale', 'wsc', name, '--replicas=4');
    await until('there are four', async () => (await nodesOf(name)).length === 4);
    await api.kubectl('scale', 'wsc', name, '--replicas=3');
    await bus('rabbitmq');
    await condition(api, name, 'Ready', 'True');
  });

  test('with Nacos down it is not gone, and says why; a finalizer that is taken off by hand lets it go', async () => {
    const nacos = { servers: ['127.0.0.1:9'] };
    const name = await readyCluster({ registry: { nacos } });
    await api.kubectl('delete', 'wsc', name, '--wait=false');
    const { message } = await condition(api, name, 'Ready', 'RegistryUnavailable', 30_000);
    expect(message).toContain('it cannot be deleted yet');
    await until('an Event says so', async () =>
      (await api.kubectl('describe', 'wsc', name)).includes('cannot be deleted'),
    );
    await api.kubectl('patch', 'wsc', name, '--type=json', '--patch=[{"op":"remove","path":"/metadata/finalizers"}]');
    await until('it is gone', async () => !(await namesOf(api, 'wsclusters')).includes(name));
  });

  test('the API server away and back, its past compacted: it catches up', async () => {
    const name = await readyCluster();
    await api.killApi();
    await api.startApi();
    await api.kubectl('scale', 'wsc', name, '--replicas=4');
    await until('there are four', async () => (await nodesOf(name)).length === 4, 30_000);
    await api.compact();
    await api.kubectl('scale', 'wsc', name, '--replicas=3');
    await until('there are three', async () => (await nodesOf(name)).length === 3, 60_000);
  });

  test('a second controller stands by, and leads when the first one is killed, with the same ring', async () => {
    const name = await readyCluster();
    const before = (await wscluster(api, name)).status?.ring;
    const startedAt = Date.now();
    const second = await startOperator(api);
    try {
      await until('it stands by', () => second.process.has('standing-by'), 60_000);
      const url = `http://127.0.0.1:${second.apiPort}/api/v1/clusters/default.${name}`;
      expect((await http('GET', url)).status).toBe(200);
      // As when there is nobody to pass it on to.
      const alone = () => http('GET', `${url}/ring`, undefined, { 'x-wscluster-passed-on': '1' });
      await until('it has read the ring', async () => (await alone()).status === 200, 60_000);
      const known = await alone();
      const { digest, members } = JSON.parse(known.text) as { digest: string; members: object[] };
      expect([digest, members.length]).toEqual([before?.digest, 3]);
      const knownAt = Date.parse(String(known.headers['x-wscluster-known-at']));
      expect(knownAt).toBeGreaterThanOrEqual(startedAt);
      expect(knownAt).toBeLessThanOrEqual(Date.now());
      const transition = (await condition(api, name, 'Ready', 'True')).lastTransitionTime;
      await operator.process.end('SIGKILL');
      expect((await http('GET', `${url}/nodes`)).status).toBe(200);
      await until('it leads', () => second.process.has('leading'), 90_000);
      await until('the status has the new epoch', async () => {
        const ring = (await wscluster(api, name)).status?.ring;
        return (ring?.epoch ?? 0) > (before?.epoch ?? 0);
      });
      const { ring, conditions, nodes } = (await wscluster(api, name)).status ?? {};
      expect([ring?.members, ring?.digest, nodes?.ready]).toEqual([3, before?.digest, 3]);
      // Nothing has changed, so nothing says that it has.
      expect(conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
        status: 'True',
        lastTransitionTime: transition,
      });
    } finally {
      await operator.process.end('SIGKILL');
      operator = second;
    }
  });
});
