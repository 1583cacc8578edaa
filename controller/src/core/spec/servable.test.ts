import { describe, expect, test } from 'vitest';
import { parseCluster } from './load.ts';
import type { Mode } from './modes.ts';
import { servableIn } from './servable.ts';

const declared = (spec: string, name = 'chat') =>
  parseCluster(
    `apiVersion: wscluster.io/v1alpha1\nkind: WsCluster\nmetadata: { name: ${name} }\nspec: ${spec}`,
    'chat.yaml',
  );
const cluster = (spec: string, name?: string) => declared(spec, name).cluster;

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
  test.each([
    [
      'local',
      '{ command: [chat, "{port}"], env: { A: b }, workingDirectory: app, startSeconds: 5, readiness: { tcp: true } }',
    ],
    ['docker', `{ command: [chat], image: chat, env: { A: b }, port: 80, readiness: { http: /up }, ${SELECTOR} }`],
    ['docker', '{ image: chat, readinessPath: /up }'],
  ] as const)('in mode %s has %s', (mode, nodes) => {
    expect(() => serve(mode, `{ nodes: ${nodes} }`)).not.toThrow();
  });

  test.each([
    ['local', '{ port: 8080 }', 'spec.nodes.port', 'in PORT and for {port} in spec.nodes.command'],
    ['local', '{ image: chat }', 'spec.nodes.image', 'spec.nodes.command says what runs'],
    ['local', '{ readinessPath: /readyz }', 'spec.nodes.readinessPath', 'spec.nodes.readiness says when'],
    ['local', `{ ${SELECTOR} }`, 'spec.nodes.selector', 'is only for Docker and Kubernetes mode; remove it'],
    ['docker', '{ image: chat, workingDirectory: app }', 'spec.nodes.workingDirectory', 'is only for Local mode'],
    ['docker', '{ image: chat, startSeconds: 120 }', 'spec.nodes.startSeconds', 'is only for Local mode'],
  ] as const)('in mode %s %s is refused although it may be the default: %s', (mode, nodes, field, message) => {
    expect(() => serve(mode, `{ nodes: ${nodes} }`)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', field, message: expect.stringContaining(message) }),
    );
  });

  test.each([
    [`{ nodes: { ${TEMPLATE} } }`, 'spec.nodes.template'],
    [`{ ${BUS} }`, 'spec.bus'],
    ['{ registry: { nacos: { secretRef: { name: nacos } } } }', 'spec.registry.nacos.secretRef'],
    ['{ gateway: { replicas: 2 } }', 'spec.gateway.replicas'],
    ['{ gateway: { drainSeconds: 5 } }', 'spec.gateway.drainSeconds'],
    ['{ gateway: { service: { type: NodePort } } }', 'spec.gateway.service'],
    ['{ gateway: { pod: { priorityClassName: high } } }', 'spec.gateway.pod'],
  ])('%s is refused and the error names %s', (spec, field) => {
    expectRefusal('docker', spec, field, declared(spec).given);
  });
});

function serve(mode: Mode, spec: string): void {
  const file = declared(spec);
  servableIn(mode, file.cluster, file.given);
}

function expectRefusal(mode: Mode, spec: string, field: string, given?: unknown): void {
  expect(() => servableIn(mode, cluster(spec), given)).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      field,
      message: expect.stringContaining(`cluster chat: ${field}: `),
    }),
  );
}
