import type { V1Deployment, V1Service } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { validCluster } from '../../core/spec/load.ts';
import { deploymentApplies, gatewayDeployment, holdsReplicas } from './gateway-deployment.ts';
import { gatewayObjects } from './gateway-objects.ts';
import type { ObjectsInput } from './owned.ts';

const TEMPLATE = { replicas: 3, template: { spec: { containers: [{ name: 'chat', image: 'chat:1' }] } } };
const BROKERS = {
  bus: { rabbitmq: { secretRef: { name: 'brokers', key: 'amqp' } } },
  store: { redis: { secretRef: { name: 'redis' } } },
};

function input(spec: object = {}): ObjectsInput {
  const cluster = validCluster(
    {
      apiVersion: 'wscluster.io/v1alpha1',
      kind: 'WsCluster',
      metadata: { name: 'chat' },
      spec: { ...BROKERS, nodes: TEMPLATE, ...spec },
    },
    'test',
  );
  return {
    cluster: { name: 'chat', namespace: 'prod', uid: 'u-1', id: 'prod.chat' },
    spec: cluster.spec,
    gatewayImage: 'wscluster/gateway:1',
  };
}

const podOf = (gateway: object) => gatewayDeployment(input({ gateway })).spec?.template;
const containerOf = (gateway: object) => podOf(gateway)?.spec?.containers[0];

describe('the objects of a cluster', () => {
  const names = (spec: object) => gatewayObjects(input(spec)).map(({ kind, metadata }) => `${kind} ${metadata?.name}`);

  test('are Deployment, Service and budgets; nodes of others have none of ours', () => {
    const ofGateways = ['Deployment chat-gateway', 'Service chat-gateway', 'PodDisruptionBudget chat-gateway'];
    expect(names({})).toEqual([...ofGateways, 'PodDisruptionBudget chat-node']);
    expect(names({ nodes: { selector: { matchLabels: { app: 'chat' } } } })).toEqual(ofGateways);
  });

  test('end with the WsCluster, and select by labels that no user changes', () => {
    for (const { metadata } of gatewayObjects(input())) {
      expect(metadata).toMatchObject({ namespace: 'prod', labels: { 'app.kubernetes.io/managed-by': 'wscluster' } });
      expect(metadata?.ownerReferences).toEqual([
        expect.objectContaining({ kind: 'WsCluster', uid: 'u-1', controller: true, blockOwnerDeletion: true }),
      ]);
    }
    const pod = podOf({ pod: { labels: { 'wscluster.io/role': 'other', team: 'a' } } });
    expect(pod?.metadata?.labels).toMatchObject({ 'wscluster.io/role': 'gateway', team: 'a' });
    const [deployment, service] = gatewayObjects(input()) as [V1Deployment, V1Service];
    expect(deployment.spec?.selector.matchLabels).toEqual(service.spec?.selector);
  });

  test('are the same for the same spec', () => {
    expect(gatewayObjects(input())).toEqual(gatewayObjects(input()));
  });
});

describe('a gateway pod', () => {
  test('is told its cluster, its name and the files with the URLs', () => {
    const { spec } = podOf({}) ?? {};
    expect(spec?.containers[0]?.env).toEqual(
      expect.arrayContaining([
        { name: 'WSCLUSTER_CLUSTER', value: 'prod.chat' },
        { name: 'WSCLUSTER_ID', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'WSCLUSTER_RABBITMQ_URL_FILE', value: '/etc/wscluster/brokers/rabbitmq-url' },
        { name: 'WSCLUSTER_REDIS_URL_FILE', value: '/etc/wscluster/brokers/redis-url' },
      ]),
    );
    expect(spec?.volumes?.[0]?.projected?.sources).toEqual([
      { secret: { name: 'brokers', items: [{ key: 'amqp', path: 'rabbitmq-url' }] } },
      { secret: { name: 'redis', items: [{ key: 'url', path: 'redis-url' }] } },
    ]);
  });

  test('has the time to let its clients go before it is ended', () => {
    const seconds = podOf({ drainSeconds: 59.5 })?.spec?.terminationGracePeriodSeconds;
    expect(seconds).toBe(5 + 60 + 15);
    expect(containerOf({ drainSeconds: 59.5 })?.env).toContainEqual({ name: 'WSCLUSTER_DRAIN_SECONDS', value: '59.5' });
  });

  test('has the image of the spec, else the one that the controller was started with', () => {
    expect(containerOf({})?.image).toBe('wscluster/gateway:1');
    expect(containerOf({ image: 'mine:2' })?.image).toBe('mine:2');
  });

  test('has what the spec says of pods, and else rather its own machine', () => {
    expect(podOf({})?.spec?.affinity).toHaveProperty('podAntiAffinity');
    const tolerations = [{ key: 'edge', operator: 'Exists' }];
    const affinity = { nodeAffinity: {} };
    const pod = podOf({
      resources: { limits: { cpu: 2 } },
      pod: { affinity, tolerations, nodeSelector: { edge: 'yes' }, annotations: { 'prometheus.io/scrape': 'false' } },
    });
    expect(pod?.spec).toMatchObject({ affinity, tolerations, nodeSelector: { edge: 'yes' } });
    expect(pod?.spec?.containers[0]?.resources).toEqual({ limits: { cpu: '2' } });
    expect(pod?.metadata?.annotations).toMatchObject({ 'prometheus.io/scrape': 'false', 'prometheus.io/port': '8081' });
  });
});

describe('the number of gateways', () => {
  const applies = (gateway: object, existing?: { replicas: number; holdsReplicas: boolean }) =>
    deploymentApplies(input({ gateway }), existing).map(({ fieldManager, object }) => [
      fieldManager,
      object.spec?.replicas,
    ]);

  test('is what the spec says', () => {
    expect(applies({ replicas: 5 })).toEqual([['wscluster', 5]]);
    expect(applies({ replicas: 0 }, { replicas: 4, holdsReplicas: false })).toEqual([['wscluster', 0]]);
  });

  test('is 2 at first where the spec says nothing, and then given to others', () => {
    const given = [
      ['wscluster', 2],
      ['wscluster-replicas', 2],
      ['wscluster', undefined],
    ];
    expect(applies({})).toEqual(given);
    expect(applies({}, { replicas: 2, holdsReplicas: false })).toEqual([['wscluster', undefined]]);
  });

  test('stays when the spec says it no longer', () => {
    expect(applies({}, { replicas: 7, holdsReplicas: true })).toEqual([
      ['wscluster', 7],
      ['wscluster-replicas', 7],
      ['wscluster', undefined],
    ]);
  });

  test('is held by whom the managed fields say', () => {
    const fieldsV1 = { 'f:spec': { 'f:replicas': {} } };
    expect(holdsReplicas(undefined)).toBe(false);
    expect(holdsReplicas([{ manager: 'wscluster', fieldsV1 }])).toBe(true);
    expect(holdsReplicas([{ manager: 'wscluster', fieldsV1: { 'f:spec': {} } }])).toBe(false);
    expect(holdsReplicas([{ manager: 'wscluster-replicas', fieldsV1 }])).toBe(false);
  });
});
