import { type KubernetesApi, kubernetesApi } from '@wscluster/testbed/kubernetes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installCrd } from './support/crd.ts';
import { POD, SELECTOR, wsCluster } from './support/resources.ts';

const NAME = 'wsclusters.wscluster.io';

let api: KubernetesApi;
beforeAll(async () => {
  api = await kubernetesApi();
  await installCrd(api);
});
afterAll(() => api.dispose());

const get = async (name: string) => JSON.parse(await api.kubectl('get', 'wsc', name, '--output=json'));

test('the definition is structural, and its names are accepted', async () => {
  const { status } = JSON.parse(await api.kubectl('get', 'crd', NAME, '--output=json'));
  expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'NamesAccepted', status: 'True' }));
  expect(status.conditions).not.toContainEqual(expect.objectContaining({ type: 'NonStructuralSchema' }));
});

test('what is left out has its default, and what the pod template holds is kept', async () => {
  await api.apply(wsCluster('defaults'));
  const { spec } = await get('defaults');
  expect(spec).toMatchObject({
    nodes: { replicas: 3, port: 8080, weight: 1, drainSeconds: 60, followRing: true, sendPath: '/send', template: POD },
    gateway: {
      drainSeconds: 30,
      limits: { maxHeaderBytes: 16_384 },
      service: { type: 'ClusterIP', port: 80 },
      resources: { requests: { cpu: '100m' } },
    },
    routing: { routes: [{ key: { param: 'userId' } }, { key: { query: 'userId' } }] },
    rebalance: { mode: 'reconnect', tolerance: 0.05, paused: false },
    bus: { rabbitmq: { secretRef: { name: 'rabbitmq', key: 'url' } } },
    store: { redis: { secretRef: { name: 'redis', key: 'url' } } },
    registry: {},
  });
  expect(spec.gateway).not.toHaveProperty('replicas');
});

const route = (path: string, key: object) => ({ routing: { routes: [{ path, key }] } });
const routed = (fields: object) => ({ routing: { routes: [{ key: { query: 'x' }, ...fields }] } });
const nodes = (fields: object) => ({ nodes: { replicas: 3, template: POD, ...fields } });

describe('the API server refuses', () => {
  test.each<[what: string, spec: object, said: string | RegExp]>([
    ['no broker', { bus: undefined, store: undefined }, /spec\.bus: Required[\s\S]*spec\.store: Required/],
    ['no secret', { bus: { rabbitmq: { secretRef: {} } } }, 'spec.bus.rabbitmq.secretRef.name: Required'],
    ['no nodes', { nodes: {} }, /spec\.nodes: .*exactly one of template .* and selector/],
    ['both kinds of nodes', nodes({ selector: SELECTOR }), /spec\.nodes: .*exactly one of template .* and selector/],
    ['managed nodes in no number', nodes({ replicas: undefined }), /spec\.nodes\.replicas: .*required with template/],
    ['replicas of others', { nodes: { selector: SELECTOR, replicas: 3 } }, /spec\.nodes\.replicas: .*not allowed with/],
    [
      'two kinds of readiness',
      nodes({ readiness: { http: '/up', tcp: true } }),
      /spec\.nodes\.readiness: .*needs one of http/,
    ],
    ['a selector of all', { nodes: { selector: { matchLabels: {} } } }, 'spec.nodes.selector.matchLabels'],
    ['too many nodes', nodes({ replicas: 1001 }), /spec\.nodes\.replicas: .*less than or equal to 1000/],
    ['no container', nodes({ template: { spec: { containers: [] } } }), 'spec.nodes.template.spec.containers'],
    ['a port out of range', nodes({ port: 0 }), 'spec.nodes.port'],
    ['a weight of nothing', nodes({ weight: 0 }), /spec\.nodes\.weight: .*at least 0\.01/],
    ['a weight of less', nodes({ weights: { 1: 0 } }), /spec\.nodes\.weights\[1\]: .*at least 0\.01/],
    ['a weight of no place', nodes({ weights: { 65535: 1 } }), /spec\.nodes\.weights: .*ring id, 0 to 65534/],
    ['a weight of a name', nodes({ weights: { a: 1 } }), 'spec.nodes.weights'],
    ['a path without a slash', nodes({ sendPath: 'send' }), 'spec.nodes.sendPath'],
    ['drainSeconds as text', nodes({ drainSeconds: 'long' }), 'spec.nodes.drainSeconds'],
    ['a field of Docker mode', nodes({ image: 'chat' }), 'unknown field "spec.nodes.image"'],
    ['a misspelt field', { rebalance: { cab: 2 } }, 'unknown field "spec.rebalance.cab"'],
    ['a mode that is not there', { rebalance: { mode: 'teleport' } }, /spec\.rebalance\.mode: .*"reconnect"/],
    [
      'a tolerance below nothing',
      { rebalance: { tolerance: -1 } },
      /spec\.rebalance\.tolerance .*greater than or equal to 0/,
    ],
    ['a limit out of range', { gateway: { limits: { maxHeaderBytes: 1 } } }, 'spec.gateway.limits.maxHeaderBytes'],
    [
      'a node port of nobody',
      { gateway: { service: { nodePort: 30_080 } } },
      /service\.nodePort: .*only allowed for the types/,
    ],
    [
      'traffic from outside that there is none of',
      { gateway: { service: { externalTrafficPolicy: 'Local' } } },
      /service\.externalTrafficPolicy: .*only allowed for the types/,
    ],
    [
      'a quantity of what',
      { gateway: { resources: { limits: { cpu: 'many' } } } },
      'spec.gateway.resources.limits.cpu',
    ],
    ['no route', { routing: { routes: [] } }, 'spec.routing.routes'],
    ['a path and a prefix', routed({ path: '/a', prefix: '/b' }), /routes\[0\]: .*exactly one of path and prefix/],
    ['neither path nor prefix', routed({}), /routes\[0\]: .*exactly one of path and prefix/],
    ['a path with a wildcard', route('/a/*', { query: 'x' }), 'spec.routing.routes[0].path'],
    ['a prefix with a slash at its end', routed({ prefix: '/a/' }), 'spec.routing.routes[0].prefix'],
    [
      'a path behind its rest',
      route('/{a...}/b', { query: 'x' }),
      /routes\[0\]\.path: .*nothing behind \{name\.\.\.\}/,
    ],
    [
      'a rewrite of something else',
      routed({ path: '/a', rewrite: { prefix: '/b' } }),
      /rewrite\.prefix: .*whole segments/,
    ],
    ['a rewrite of half a segment', routed({ path: '/ab', rewrite: { prefix: '/a' } }), /rewrite\.prefix: .*whole/],
    [
      'methods of upgrades',
      routed({ path: '/a', protocol: 'websocket', methods: ['GET'] }),
      /methods: .*protocol: websocket/,
    ],
    ['a protocol that is not there', routed({ path: '/a', protocol: 'ws' }), 'spec.routing.routes[0].protocol'],
    ['a key that is no object', routed({ path: '/a', key: 'none' }), 'spec.routing.routes[0].key'],
    ['a key and none', route('/a', { query: 'x', none: true }), /routes\[0\]\.key: .*exactly one of param, query/],
    ['a key that is not none', route('/a', { none: false }), 'spec.routing.routes[0].key.none'],
    ['one source of several', route('/a', { first: [{ query: 'x' }] }), 'spec.routing.routes[0].key.first'],
    ['a node of two places', route('/a', { node: { query: 'x', header: 'y' } }), /key\.node: .*exactly one of param/],
    ['a generated query', route('/a', { query: 'x', generate: {} }), /key\.generate: .*only allowed with cookie/],
    [
      'a cookie of other sites that is not secure',
      route('/a', { cookie: 'x', generate: { sameSite: 'None' } }),
      /key\.generate\.secure: .*must be true with sameSite: None/,
    ],
    ['a path with a question', route('/a?b', { query: 'x' }), 'spec.routing.routes[0].path'],
    [
      'a key of two places',
      route('/a', { query: 'x', header: 'y' }),
      /routes\[0\]\.key: .*exactly one of param, query/,
    ],
    ['a key of no place', route('/a', {}), /routes\[0\]\.key: .*exactly one of param, query/],
    ['a key that the path lacks', route('/{a}', { param: 'b' }), /routes\[0\]\.key\.param: .*placeholder of the path/],
    [
      'two routes of one path',
      { routing: { routes: ['x', 'y'].map((query) => ({ path: '/a', key: { query } })) } },
      /spec\.routing\.routes\[1\]: Duplicate value/,
    ],
    [
      'a placeholder twice',
      route('/{a}/{a}', { param: 'a' }),
      /routes\[0\]\.path: .*must not name a placeholder twice/,
    ],
    ['no server of Nacos', { registry: { nacos: { servers: ['nacos'] } } }, 'spec.registry.nacos.servers[0]'],
  ])('%s', async (_, spec, said) => {
    await expect(api.apply(wsCluster('wrong', spec), '--dry-run=server')).rejects.toThrow(said);
  });

  test.each(['9chat', 'c'.repeat(51), 'chat.news'])('the name %s', async (name) => {
    await expect(api.apply(wsCluster(name), '--dry-run=server')).rejects.toThrow('metadata.name must be 1 to 50');
  });
});

test('the key of a route stays as long as the route; routes come and go', async () => {
  const routes = (...list: readonly [path: string, query: string][]) =>
    wsCluster('routes', { routing: { routes: list.map(([path, query]) => ({ path, key: { query } })) } });
  await api.apply(routes(['/a', 'x'], ['/b', 'x']));
  await expect(api.apply(routes(['/a', 'y'], ['/b', 'x']))).rejects.toThrow(
    /spec\.routing\.routes\[0\]\.key: .*cannot be changed/,
  );
  await expect(api.apply(routes(['/b', 'y'], ['/a', 'x']))).rejects.toThrow('cannot be changed');
  await api.apply(routes(['/b', 'x'], ['/c', 'z']));
  await api.apply(routes(['/a', 'y'], ['/b', 'x']));
  const kinds = (generate: object, none: object) =>
    wsCluster('routes', {
      routing: {
        routes: [
          { path: '/a', key: { query: 'y' } },
          { path: '/b', key: { query: 'x' } },
          { path: '/{process}/{rest...}', protocol: 'websocket', key: { node: { param: 'process' } }, name: 'rooms' },
          { path: '/{process}/{rest...}', methods: ['GET'], key: { all: [{ param: 'process' }, { param: 'rest' }] } },
          { path: '/s', key: { first: [{ query: 'u' }, { cookie: 'c', generate: {} }] } },
          { path: '/c', key: { cookie: 'c', generate }, rewrite: { prefix: '/c', replacement: '/ws' } },
          { path: '/t', key: { subprotocol: { prefix: 'u.', remove: true } } },
          { prefix: '/', key: none },
        ],
      },
    });
  await api.apply(kinds({}, { none: true }));
  await api.apply(kinds({ maxAge: 60 }, { none: true }));
  await expect(api.apply(kinds({}, { query: 'x' }))).rejects.toThrow(
    /spec\.routing\.routes\[7\]\.key: .*cannot be changed/,
  );
  expect((await get('routes')).spec.routing.routes).toHaveLength(8);
  await api.apply(routes(['/a', 'y'], ['/b', 'x']));
  expect((await get('routes')).spec.routing.routes).toHaveLength(2);
});

test('the same resource applied again changes nothing', async () => {
  await api.apply(wsCluster('again'));
  expect(await api.apply(wsCluster('again'))).toContain('unchanged');
  const onServer = ['--server-side', '--field-manager=test', '--force-conflicts'];
  await api.apply(wsCluster('again'), ...onServer);
  const before = (await get('again')).metadata;
  await api.apply(wsCluster('again'), ...onServer);
  expect((await get('again')).metadata).toMatchObject({
    generation: before.generation,
    resourceVersion: before.resourceVersion,
  });
});

test('kubectl get shows how a cluster is', async () => {
  await api.apply(wsCluster('shown'));
  await api.kubectl(
    'patch',
    'wsc',
    'shown',
    '--subresource=status',
    '--type=merge',
    '--patch',
    JSON.stringify({ status }),
  );
  const [head = '', row = ''] = (await api.kubectl('get', 'wsc', 'shown', '--output=wide')).trim().split('\n');
  expect(head.split(/\s+/)).toEqual(['NAME', 'DESIRED', 'NODES', 'GATEWAYS', 'REVISION', 'READY', 'REASON', 'AGE']);
  expect(row.split(/\s+/).slice(0, 7)).toEqual(['shown', '3', '2', '1', '3.17', 'False', 'NodesMissing']);
  expect((await api.kubectl('get', 'wscluster', '--output=name')).split('\n')).toContain(
    `wscluster.wscluster.io/shown`,
  );
});

const condition = {
  type: 'Ready',
  status: 'False',
  reason: 'NodesMissing',
  message: '2 of 3 nodes are ready',
  observedGeneration: 1,
  lastTransitionTime: '2026-11-23T21:00:00.000Z',
};
const status = {
  observedGeneration: 1,
  conditions: [condition],
  ring: { epoch: 3, version: 17, revision: '3.17', members: 2, digest: 'abc' },
  nodes: { desired: 3, ready: 2, draining: 0 },
  gateways: { ready: 2, inSync: 1 },
  connections: 300,
  selector: 'wscluster.io/cluster=shown',
};

test('kubectl scale sets the number of managed nodes, and of no others', async () => {
  await api.apply([wsCluster('scaled'), wsCluster('brought', { nodes: { selector: SELECTOR } })]);
  await api.kubectl(
    'patch',
    'wsc',
    'scaled',
    '--subresource=status',
    '--type=merge',
    '--patch',
    JSON.stringify({ status }),
  );
  const { metadata } = await get('scaled');
  await api.kubectl('scale', 'wsc', 'scaled', '--replicas=5');
  expect(await get('scaled')).toMatchObject({
    metadata: { generation: metadata.generation + 1 },
    spec: { nodes: { replicas: 5 } },
  });
  const scale = await api.kubectl(
    'get',
    '--raw',
    '/apis/wscluster.io/v1alpha1/namespaces/default/wsclusters/scaled/scale',
  );
  expect(JSON.parse(scale)).toMatchObject({
    spec: { replicas: 5 },
    status: { replicas: 2, selector: 'wscluster.io/cluster=shown' },
  });
  await expect(api.kubectl('scale', 'wsc', 'brought', '--replicas=5')).rejects.toThrow('not allowed with selector');
});

test('kubectl explain teaches every field', async () => {
  const one = await api.kubectl('explain', 'wsc.spec.nodes.drainSeconds');
  expect(one).toMatch(/DESCRIPTION:\s+Seconds in which a draining node hands over its clients/);
  const all = await api.kubectl('explain', 'wsc.spec', '--recursive');
  for (const field of [
    'template',
    'followRing',
    'readiness',
    'secretRef',
    'nodePort',
    'maxConnectionsPerKey',
    'unreadyGraceSeconds',
  ])
    expect(all).toContain(`${field}\t<`);
  for (const field of ['publishedHost', 'addressFrom', 'readinessPath']) expect(all).not.toContain(field);
});
