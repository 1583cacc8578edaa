import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { customResource, customResourceYaml } from './custom-resource.ts';
import { type JsonSchema, structural } from './structural-schema.ts';

const root = new URL('../../../../', import.meta.url);

test('crds/ holds what the schema says; else: npm run crds', () => {
  const file = readFileSync(new URL('crds/wsclusters.wscluster.io.yaml', root), 'utf8');
  expect(file).toBe(customResourceYaml());
});

test('docs/cluster.md holds what the schema says; else: npm run docs:cluster', () => {
  const script = fileURLToPath(new URL('scripts/docs-cluster.mjs', root));
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

describe('the definition', () => {
  const schema = customResource().spec.versions[0]?.schema.openAPIV3Schema as JsonSchema;
  const fields = [...fieldsOf(schema, '')];

  test('describes every field but metadata, in a sentence', () => {
    expect(fields.length).toBeGreaterThan(100);
    const bare = fields.filter(([path, field]) => path !== '.metadata' && !field.description);
    expect(bare.map(([path]) => path)).toEqual([]);
  });

  test('holds no field of other modes, and names no mode but by a word of its own', () => {
    const paths = fields.map(([path]) => path);
    for (const name of ['command', 'image', 'env', 'network', 'addressFrom', 'publishedHost', 'readinessPath'])
      expect(paths).not.toContain(`.spec.nodes.${name}`);
    expect(paths).toEqual(
      expect.arrayContaining(['.spec.nodes.template.spec', '.spec.nodes.port', '.spec.gateway.service.nodePort']),
    );
    const prefixed = fields.filter(([, field]) => /^\w+( and \w+)? mode: /.test(field.description ?? ''));
    expect(prefixed.map(([path]) => path)).toEqual([]);
  });
});

test('a schema that the API server would not take is no schema', () => {
  expect(() => structural({ anyOf: [{ type: 'string' }, { type: 'object' }] }, '.spec')).toThrow(
    '.spec: not structural',
  );
});

function* fieldsOf(schema: JsonSchema, path: string): Generator<[path: string, field: JsonSchema]> {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    yield [`${path}.${name}`, field];
    yield* fieldsOf(field, `${path}.${name}`);
  }
  if (schema.items !== undefined) yield* fieldsOf(schema.items, `${path}[]`);
  if (schema.additionalProperties) yield* fieldsOf(schema.additionalProperties, `${path}{}`);
}
