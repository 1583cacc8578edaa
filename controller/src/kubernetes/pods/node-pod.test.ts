import { describe, expect, test } from 'vitest';
import type { ClusterIdentity } from '../names.ts';
import { nodePod, templateHash } from './node-pod.ts';
import type { KubernetesNodeSettings } from './settings.ts';

const cluster: ClusterIdentity = { name: 'chat', namespace: 'prod', uid: 'u1', id: 'prod.chat' };
const settings: KubernetesNodeSettings = {
  template: {
    spec: {
      containers: [
        { name: 'node', image: 'chat:1' },
        { name: 'sidecar', image: 'proxy' },
      ],
    },
  },
  port: 8080,
  drainSeconds: 60,
  followRing: true,
  rabbitmq: { name: 'brokers', key: 'rabbitmq' },
  redis: { name: 'brokers', key: 'redis' },
};
const made = (changes: Partial<KubernetesNodeSettings> = {}) => nodePod(cluster, { ...settings, ...changes }, 'chat-x');
const withNode = (node: object, spec: object = {}): Partial<KubernetesNodeSettings> => ({
  template: { spec: { containers: [{ name: 'node', image: 'chat:1', ...node }], ...spec } },
});
const envOf = (pod: ReturnType<typeof made>) =>
  Object.fromEntries(
    (pod.spec?.containers[0]?.env ?? []).map(({ name, value, valueFrom }) => [name, value ?? valueFrom]),
  );

describe('the pod of a managed node', () => {
  test('belongs to its cluster', () => {
    expect(made().metadata).toMatchObject({
      name: 'chat-x',
      namespace: 'prod',
      labels: {
        'wscluster.io/cluster': 'chat',
        'wscluster.io/role': 'node',
        'app.kubernetes.io/managed-by': 'wscluster',
      },
      ownerReferences: [{ kind: 'WsCluster', name: 'chat', uid: 'u1', controller: true, blockOwnerDeletion: true }],
    });
  });

  test('is told who it is and how it reaches the brokers, in its first container only', () => {
    const pod = made();
    expect(envOf(pod)).toEqual({
      WSCLUSTER_ID: { fieldRef: { fieldPath: 'metadata.uid' } },
      WSCLUSTER_CLUSTER: 'prod.chat',
      WSCLUSTER_LISTEN: ':8080',
      WSCLUSTER_DRAIN_SECONDS: '60',
      WSCLUSTER_RABBITMQ_URL_FILE: '/etc/wscluster/brokers/rabbitmq-url',
      WSCLUSTER_REDIS_URL_FILE: '/etc/wscluster/brokers/redis-url',
    });
    expect(pod.spec?.containers[1]).toEqual({ name: 'sidecar', image: 'proxy' });
    expect(pod.spec?.volumes).toEqual([
      {
        name: 'wscluster-brokers',
        projected: {
          sources: [
            { secret: { name: 'brokers', items: [{ key: 'rabbitmq', path: 'rabbitmq-url' }] } },
            { secret: { name: 'brokers', items: [{ key: 'redis', path: 'redis-url' }] } },
          ],
        },
      },
    ]);
    expect(pod.spec?.terminationGracePeriodSeconds).toBe(75);
  });

  test('gets nothing of the brokers unless it follows the ring', () => {
    const pod = made({ followRing: false });
    expect(Object.keys(envOf(pod)).filter((name) => name.includes('URL'))).toEqual([]);
    expect(pod.spec?.volumes).toBeUndefined();
  });

  test('keeps what its template says', () => {
    const env = [
      { name: 'WSCLUSTER_LISTEN', value: ':9000' },
      { name: 'WSCLUSTER_REDIS_URL', value: 'redis://own' },
    ];
    const volumes = [{ name: 'data', emptyDir: {} }];
    const pod = made({
      template: {
        metadata: { labels: { app: 'chat', 'wscluster.io/role': 'gateway' }, annotations: { note: 'x' } },
        spec: {
          ...withNode({ env }).template?.spec,
          containers: [{ name: 'n', env }],
          volumes,
          terminationGracePeriodSeconds: 5,
        },
      },
    });
    expect(envOf(pod)).toMatchObject({ WSCLUSTER_LISTEN: ':9000', WSCLUSTER_REDIS_URL: 'redis://own' });
    expect(envOf(pod)).not.toHaveProperty('WSCLUSTER_REDIS_URL_FILE');
    expect(envOf(pod)).toHaveProperty('WSCLUSTER_RABBITMQ_URL_FILE');
    expect(pod.spec?.volumes?.map(({ name }) => name)).toEqual(['data', 'wscluster-brokers']);
    expect(pod.spec?.terminationGracePeriodSeconds).toBe(5);
    expect(pod.metadata?.annotations).toEqual({ note: 'x' });
    expect(pod.metadata?.labels).toMatchObject({ app: 'chat', 'wscluster.io/role': 'node' });
  });

  test('is asked whether it is ready: by TCP unless a path is given, at its own port', () => {
    const probeOf = (pod: ReturnType<typeof made>) => pod.spec?.containers[0]?.readinessProbe;
    expect(probeOf(made())).toEqual({ tcpSocket: { port: 8080 }, periodSeconds: 2 });
    expect(probeOf(made({ readiness: { tcp: true } }))).toEqual({ tcpSocket: { port: 8080 }, periodSeconds: 2 });
    const readiness = { http: { path: '/up', below: 400 } };
    expect(probeOf(made({ readiness, port: 81 }))).toMatchObject({ httpGet: { path: '/up', port: 81 } });
    const metadata = { annotations: { 'wscluster.io/port': '9000' } };
    const { spec } = withNode({}).template ?? { spec: { containers: [] } };
    expect(probeOf(made({ template: { metadata, spec } }))).toMatchObject({ tcpSocket: { port: 9000 } });
    const own = { exec: { command: ['true'] } };
    expect(probeOf(made({ readiness, ...withNode({ readinessProbe: own }) }))).toEqual(own);
    expect(made().spec?.containers[1]).not.toHaveProperty('readinessProbe');
  });

  test('cannot be made without a template, or without a container', () => {
    const { template: _, ...without } = settings;
    expect(() => nodePod(cluster, without, 'x')).toThrow(expect.objectContaining({ field: 'nodes.template' }));
    expect(() => made({ template: { spec: { containers: [] } } })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', field: 'nodes.template.spec.containers' }),
    );
  });
});

describe('what pods are made from, as a hash', () => {
  const hash = (changes: Partial<KubernetesNodeSettings> = {}) => templateHash({ ...settings, ...changes });

  test('is the same however it is written', () => {
    const { port, ...others } = settings;
    expect(templateHash({ ...others, port })).toBe(hash());
    expect(hash(withNode({}))).toBe(hash({ template: { spec: { containers: [{ image: 'chat:1', name: 'node' }] } } }));
  });

  test.each([
    ['the template', withNode({ image: 'chat:2' })],
    ['the port', { port: 8081 }],
    ['the drain time', { drainSeconds: 30 }],
    ['when a node is ready', { readiness: { tcp: true as const } }],
    ['whether it follows the ring', { followRing: false }],
    ['where the brokers are', { redis: { name: 'other', key: 'redis' } }],
  ])('changes with %s', (_, changes) => {
    expect(hash(changes)).not.toBe(hash());
  });

  test('does not change with brokers that the node is not told of', () => {
    const redis = { name: 'other', key: 'redis' };
    expect(hash({ followRing: false, redis })).toBe(hash({ followRing: false }));
  });
});
