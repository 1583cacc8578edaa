import { silentLogger } from '@wscluster/service';
import { beforeAll, expect, test } from 'vitest';
import { startApi } from './server.ts';

interface Schema {
  readonly properties?: Record<string, Schema>;
  readonly additionalProperties?: unknown;
}

let text: string;
let schemas: Record<string, Schema>;
let paths: Record<string, Record<string, { responses: Record<string, { content: unknown }> }>>;

beforeAll(async () => {
  const listen = { host: '127.0.0.1', port: 0 };
  const api = await startApi({ listen, token: undefined, clusters: [], notReady: () => undefined, log: silentLogger });
  text = await (await fetch(`http://127.0.0.1:${api.port}/openapi.json`)).text();
  await api.close();
  ({
    paths,
    components: { schemas },
  } = JSON.parse(text));
});

test('each answer is a component, once, and each component is used', () => {
  const referred = new Set([...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, id]) => id));
  expect([...referred].sort()).toEqual(Object.keys(schemas).sort());
  for (const operations of Object.values(paths))
    for (const { responses } of Object.values(operations))
      for (const { content } of Object.values(responses)) expect(JSON.stringify(content)).toContain('"$ref"');
  expect(Object.keys(schemas).filter((id) => id.endsWith('Input'))).toEqual([]);
});

test('answers are open to further fields; requests are not', () => {
  for (const id of ['Cluster', 'ClusterNode', 'LiveState', 'Problem'])
    expect(JSON.stringify(schemas[id])).not.toContain('"additionalProperties":false');
  expect(schemas.Message?.additionalProperties).toBe(false);
});

test('what the event stream carries is described', () => {
  const { content } = paths['/api/v1/clusters/{cluster}/events']?.get?.responses['200'] ?? {};
  expect(content).toEqual({
    'text/event-stream': {
      schema: { anyOf: [{ $ref: '#/components/schemas/ClusterEvent' }, { $ref: '#/components/schemas/LiveState' }] },
    },
  });
  expect(Object.keys(schemas.ClusterEvent?.properties ?? {})).toEqual(['type', 'at', 'message', 'details']);
});
