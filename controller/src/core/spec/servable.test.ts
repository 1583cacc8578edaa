import { describe, expect, test } from 'vitest';
import { parseCluster } from './load.ts';
import type { Mode } from './modes.ts';
import { servableIn } from './servable.ts';

const cluster = (spec: string, name = 'chat') =>
  parseCluster(
    `apiVersion: wscluster.io/v1alpha1\nkind: WsCluster\nmetadata: { name: ${name} }\nspec: ${spec}`,
    'chat.yaml',
  ).cluster;

const BUS = 'bus: { rabbitmq: { secretRef: { name: rabbitmq } } }';
const BROKERS = `${BUS}, store: { redis: { secretRef: { name: redis } } }`;
const TEMPLATE = 'template: { spec: { containers: [{ name: chat, image: chat }] } }';
const SELECTOR = 'selector: { matchLabels: { app: chat } }';

describe('a cluster in Kubernetes', () => {
  test.each([
    `{ ${BROKERS}, nodes: { replicas: 3, ${TEMPLATE} } }`,
    `{ ${BROKERS}, nodes: { ${SELECTOR} } }`,
    `{ ${BROKERS}, nodes: { ${SELECTOR} }, gateway: { replicas: 5, service: { type: NodePort, nodePort: 30080 } } }`,
  ])('%s is served', (spec) => {
    expect(() => servableIn('kubernetes', cluster(spec))).not.toThrow();
  });

  test.each([
    ['{}', 'spec.bus.rabbitmq.secretRef'],
    [`{ ${BUS} }`, 'spec.store.redis.secretRef'],
    [`{ ${BROKERS} }`, 'spec.nodes'],
    [`{ ${BROKERS}, nodes: { ${TEMPLATE}, ${SELECTOR} } }`, 'spec.nodes'],
    [`{ ${BROKERS}, nodes: { replicas: 2, ${SELECTOR} } }`, 'spec.nodes.replicas'],
    [`{ ${BROKERS}, nodes: { ${TEMPLATE}, image: chat } }`, 'spec.nodes.image'],
    [`{ ${BROKERS}, nodes: { ${TEMPLATE}, env: { A: b } } }`, 'spec.nodes.env'],
    [`{ ${BROKERS}, nodes: { ${TEMPLATE}, addressFrom: publishedPort } }`, 'spec.nodes.addressFrom'],
  ])('%s is refused and the error names %s', (spec, field) => {
    expectRefusal('kubernetes', spec, field);
  });

  test.each(['9chat', 'c'.repeat(51)])('cannot be named %s: its Service could not', (name) => {
    const spec = `{ ${BROKERS}, nodes: { ${SELECTOR} } }`;
    expect(() => servableIn('kubernetes', cluster(spec, name))).toThrow('metadata.name: must be 1 to 50');
  });
});

describe('a cluster of a file', () => {
  test.each(['local', 'docker'] as const)('may hold fields of either mode that reads files, in mode %s', (mode) => {
    const spec = `{ nodes: { command: [chat], image: chat, env: { A: b }, port: 80, ${SELECTOR} } }`;
    expect(() => servableIn(mode, cluster(spec))).not.toThrow();
  });

  test.each([
    [`{ nodes: { ${TEMPLATE} } }`, 'spec.nodes.template'],
    [`{ ${BUS} }`, 'spec.bus'],
    ['{ registry: { nacos: { secretRef: { name: nacos } } } }', 'spec.registry.nacos.secretRef'],
    ['{ gateway: { replicas: 2 } }', 'spec.gateway.replicas'],
    ['{ gateway: { drainSeconds: 5 } }', 'spec.gateway.drainSeconds'],
    ['{ gateway: { service: { type: NodePort } } }', 'spec.gateway.service.type'],
    ['{ gateway: { pod: { priorityClassName: high } } }', 'spec.gateway.pod.priorityClassName'],
  ])('%s is refused and the error names %s', (spec, field) => {
    expectRefusal('docker', spec, field);
  });
});

function expectRefusal(mode: Mode, spec: string, field: string): void {
  expect(() => servableIn(mode, cluster(spec))).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      field,
      message: expect.stringContaining(`cluster chat: ${field}: `),
    }),
  );
}
