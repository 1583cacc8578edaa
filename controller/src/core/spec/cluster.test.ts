import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openFileDocuments } from '../../adapters/local/documents.ts';
import { loadClusterFile, loadClusters, parseCluster } from './load.ts';
import { publishedRoute } from './routing-schema.ts';
import { openSpecStore } from './spec-store.ts';

const HEAD = 'apiVersion: wscluster.io/v1alpha1\nkind: WsCluster\nmetadata: { name: chat }\n';

describe('a WsCluster file', () => {
  test('needs no more than a name', () => {
    const { spec } = parseCluster(HEAD, 'chat.yaml').cluster;
    expect(spec.nodes).toMatchObject({ replicas: 3, weight: 1, weights: {}, sendPath: '/send', drainSeconds: 60 });
    expect(spec.rebalance).toMatchObject({ maxConnectionsPerSecond: 500, tolerance: 0.05, paused: false });
    expect(spec.routing.routes).toHaveLength(2);
  });

  test.each([
    ['spec: { nodes: { replicas: -1 } }', 'spec.nodes.replicas'],
    ['spec: { nodes: { replicas: many } }', 'spec.nodes.replicas'],
    ['spec: { nodes: { replicsa: 3 } }', 'spec.nodes.replicsa'],
    ['spec: { nodes: [] }', 'spec.nodes'],
    ['spec: { nodes: { weights: { a: 1 } } }', 'spec.nodes.weights.a'],
    ['spec: { routing: { routes: [{ path: "/{a}/{a}", key: { param: a } }] } }', 'spec.routing.routes[0].path'],
    ['spec: { nodes: { readiness: {} } }', 'spec.nodes.readiness'],
    ['spec: { nodes: { readiness: auto } }', 'spec.nodes.readiness'],
    ['spec: { nodes: { readiness: { http: /up, tcp: true } } }', 'spec.nodes.readiness'],
    ['spec: { nodes: { readiness: { http: up } } }', 'spec.nodes.readiness.http'],
    ['spec: { nodes: { readiness: { tcp: true }, readinessPath: /up } }', 'spec.nodes.readinessPath'],
    ['spec: { rebalance: { tolerance: -1 } }', 'spec.rebalance.tolerance'],
    ['spec: { rebalance: { mode: teleport } }', 'spec.rebalance.mode'],
    ['spec: { routing: { routes: [] } }', 'spec.routing.routes'],
    ['spec: { routing: { routes: [{ path: /a, key: { param: x } }] } }', 'spec.routing.routes[0].key.param'],
    ['spec: { routing: { routes: [{ path: /a, key: { query: x, header: y } }] } }', 'spec.routing.routes[0].key'],
    ['spec: { routing: { routes: [{ path: /a, key: { query: x }, keys: 1 }] } }', 'spec.routing.routes[0].keys'],
    ['spec: { routing: { routes: [{ path: "/a/*", key: { query: x } }] } }', 'spec.routing.routes[0].path'],
    ['spec: { routing: { routes: [{ prefix: /a/, key: { query: x } }] } }', 'spec.routing.routes[0].prefix'],
    ['spec: { routing: { routes: [{ prefix: /a, key: none }] } }', 'spec.routing.routes[0].key'],
    ['spec: { routing: { routes: [{ prefix: /a, key: { none: false } }] } }', 'spec.routing.routes[0].key.none'],
    [
      'spec: { routing: { routes: [{ path: /a, key: { cookie: { name: c } } }] } }',
      'spec.routing.routes[0].key.cookie',
    ],
    [
      'spec: { routing: { routes: [{ path: /a, key: { first: [{ query: x, node: y }, { query: z }] } }] } }',
      'spec.routing.routes[0].key.first[0].node',
    ],
    [
      'spec: { routing: { routes: [{ path: "/a/{x}", key: { param: x } }, { path: "/a/{y}", key: { param: y } }] } }',
      'spec.routing.routes[1].path',
    ],
  ])('%s is refused and the error names %s', (yaml, field) => {
    expect(() => parseCluster(HEAD + yaml, 'chat.yaml')).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        field,
        message: expect.stringContaining(`chat.yaml: ${field}: `),
      }),
    );
  });

  test.each([
    ['', 'exactly one WsCluster'],
    [`${HEAD}---\n${HEAD}`, 'contains 2'],
    ['a: [', 'not YAML'],
    [`${HEAD}metadata: { name: other }`, 'Map keys must be unique'],
    [HEAD.replace('chat', 'Chat'), 'metadata.name: must be lower-case'],
    [HEAD.replace('WsCluster', 'Pod'), 'kind: '],
  ])('%j is refused: %s', (text, message) => {
    expect(() => parseCluster(text, 'chat.yaml')).toThrow(message);
  });

  test('a file that is not there is named', () => {
    expect(() => loadClusterFile('/nowhere/chat.yaml')).toThrow('/nowhere/chat.yaml: cannot be read');
  });
});

describe('a folder of WsCluster files', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wscluster-files-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const write = (file: string, name: string) =>
    writeFileSync(join(directory, file), HEAD.replace('name: chat', `name: ${name}`));
  const names = () => loadClusters(directory).map(({ cluster }) => cluster.metadata.name);

  test('is a cluster a file', () => {
    write('b.yaml', 'news');
    write('a.yml', 'chat');
    writeFileSync(join(directory, 'notes.txt'), 'not a cluster');
    expect(names()).toEqual(['chat', 'news']);
  });

  test('needs a file, and names of their own', () => {
    expect(names).toThrow('has no .yaml file');
    write('a.yaml', 'chat');
    write('b.yaml', 'chat');
    expect(names).toThrow(/b\.yaml: metadata\.name: chat is already the name in .*a\.yaml/);
  });
});

test('nodes that are brought along are not started too, unless an image says how', () => {
  const replicas = (nodes: string) =>
    parseCluster(`${HEAD}spec: { nodes: ${nodes} }`, 'chat.yaml').cluster.spec.nodes.replicas;
  expect(replicas('{}')).toBe(3);
  expect(replicas('{ selector: { matchLabels: { app: chat } } }')).toBe(0);
  expect(replicas('{ selector: { matchLabels: { app: chat } }, image: chat }')).toBe(3);
});

test('each kind of key is accepted, and what the API server fills in changes nothing', () => {
  const routing = (routes: string) =>
    parseCluster(`${HEAD}spec: { routing: { routes: ${routes} } }`, 'x').cluster.spec.routing;
  const { routes } = routing(`[
    { path: "/socket.io/{rest...}", key: { first: [{ query: userId }, { cookie: wsc, generate: { maxAge: 60 } }] } },
    { path: "/docs/{tenant}/{doc...}", key: { all: [{ param: tenant }, { param: doc }] }, rewrite: { prefix: /docs } },
    { path: "/{process}/{room}", key: { node: { param: process } }, protocol: websocket },
    { path: /token, key: { subprotocol: { prefix: user., remove: true } }, name: token },
    { prefix: /, key: { none: true }, methods: [GET] },
  ]`);
  expect(routes).toHaveLength(5);
  const filled = routing('[{ path: "", prefix: /app, name: "", key: { query: u } }]').routes.map(publishedRoute);
  expect(filled).toEqual([{ prefix: '/app', key: { query: 'u' } }]);
  expect(routing('[{ path: /a, key: { query: u } }]').routes.map(publishedRoute)).toEqual([
    { path: '/a', key: { query: 'u' } },
  ]);
});

test('zero nodes are allowed: nodes may come later', () => {
  expect(parseCluster(`${HEAD}spec: { nodes: { replicas: 0 } }`, 'chat.yaml').cluster.spec.nodes.replicas).toBe(0);
});

describe('the stored spec', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wscluster-spec-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const declared = (replicas: number) => parseCluster(`${HEAD}spec: { nodes: { replicas: ${replicas} } }`, 'chat.yaml');
  const documents = () => openFileDocuments(join(directory, 'chat'));
  const open = (replicas: number) => openSpecStore(documents(), declared(replicas));

  test('a change survives a restart and raises the generation', async () => {
    await (await open(3)).update((spec) => ({ ...spec, nodes: { ...spec.nodes, replicas: 5 } }));
    const reopened = await open(3);
    expect(reopened.spec.nodes.replicas).toBe(5);
    expect(reopened.generation).toBe(2);
  });

  test('an edit of the file wins over earlier changes', async () => {
    await (await open(3)).update((spec) => ({ ...spec, nodes: { ...spec.nodes, replicas: 5 } }));
    expect((await open(4)).spec.nodes.replicas).toBe(4);
    expect((await open(4)).generation).toBe(3);
  });

  test('a file that says the same in other words, and a new default, are no edit', async () => {
    await (await open(3)).update((spec) => ({ ...spec, nodes: { ...spec.nodes, replicas: 5 } }));
    const same = parseCluster(`${HEAD}# a remark\nspec:\n  nodes:\n    replicas: 3\n`, 'chat.yaml');
    const withOtherDefaults = { ...same, cluster: { ...same.cluster, spec: { ...same.cluster.spec } } };
    withOtherDefaults.cluster.spec.rebalance = { ...same.cluster.spec.rebalance, tolerance: 0.1 };
    expect((await openSpecStore(documents(), withOtherDefaults)).spec.nodes.replicas).toBe(5);
  });

  test('an edit of the file that changes the key of a route is refused, with the way out', async () => {
    const routed = (key: string) =>
      parseCluster(`${HEAD}spec: { routing: { routes: [{ path: /send, key: { query: ${key} } }] } }`, 'chat.yaml');
    await openSpecStore(documents(), routed('user'));
    await expect(openSpecStore(documents(), routed('room'))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      field: 'spec.routing.routes[0].key',
      message: expect.stringMatching(
        /remove the route first.*or stop all controllers and gateways, and delete the stored spec of chat/,
      ),
    });
    expect((await openSpecStore(documents(), routed('user'))).spec.routing.routes[0]?.key).toEqual({ query: 'user' });
    await openSpecStore(documents(), declared(3));
    expect((await openSpecStore(documents(), routed('room'))).spec.routing.routes[0]?.key).toEqual({ query: 'room' });
  });

  test('a change that is not allowed is refused and nothing has changed', async () => {
    const store = await open(3);
    await store.update((spec) => spec);
    const change = store.update((spec) => ({ ...spec, nodes: { ...spec.nodes, replicas: -1 } }));
    await expect(change).rejects.toThrow('spec.nodes.replicas');
    expect(store.spec.nodes.replicas).toBe(3);
    expect(JSON.parse(readFileSync(join(directory, 'chat', 'spec.json'), 'utf8')).generation).toBe(2);
  });

  test('a damaged file is named, with what to do', async () => {
    await (await open(3)).update((spec) => spec);
    writeFileSync(join(directory, 'chat', 'spec.json'), '{"so');
    await expect(open(3)).rejects.toThrow(/spec\.json: .*delete it/);
  });
});
