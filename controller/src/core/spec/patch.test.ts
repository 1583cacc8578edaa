import { expect, test } from 'vitest';
import { parseCluster } from './load.ts';
import { patchedSpec } from './patch.ts';

const { spec } = parseCluster(
  'apiVersion: wscluster.io/v1alpha1\nkind: WsCluster\nmetadata: { name: chat }',
  'chat.yaml',
).cluster;

test.each([
  { nodes: { command: ['sh'] } },
  { nodes: { followRing: false } },
  { nodes: { template: { spec: { containers: [{ name: 'chat' }] } } } },
  { gateway: { image: 'other' } },
  { gateway: { resources: { limits: { cpu: 64 } } } },
  { gateway: { service: { type: 'LoadBalancer' } } },
  { gateway: { pod: { annotations: { a: 'b' } } } },
  { bus: { rabbitmq: { secretRef: { name: 'other' } } } },
  { store: { redis: { secretRef: { name: 'other' } } } },
  { registry: { nacos: { secretRef: { name: 'other' } } } },
])('the API does not change %j', (patch) => {
  expect(() => patchedSpec(spec, patch)).toThrow("can only be set in the cluster's file or resource");
});

test.each([
  { nodes: { replicas: 5, drainSeconds: 10 } },
  { gateway: { replicas: 5, limits: { maxConnections: 9 } } },
  { rebalance: { paused: true } },
])('the API changes %j', (patch) => {
  expect(patchedSpec(spec, patch)).toMatchObject(patch);
});

test('the API changes no key of a route, which would split the owners of its open connections', () => {
  const routes = [
    { path: '/websocket/connect/{user}', key: { param: 'user' } },
    { path: '/websocket/send', key: { header: 'X-User' } },
  ];
  expect(() => patchedSpec(spec, { routing: { routes } })).toThrow(
    'spec.routing.routes[1].key: cannot be changed; remove the route first, then add it with its new key',
  );
  const without = patchedSpec(spec, { routing: { routes: routes.slice(0, 1) } });
  expect(patchedSpec(without, { routing: { routes } }).routing.routes).toHaveLength(2);
});
