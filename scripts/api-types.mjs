// `npm run api:types`: writes docs/openapi.json, the document that the controller serves, and from it
// controller/src/api/answers.ts, the types of the API's requests and answers. With --check it writes nothing, and fails
// if one of the files is out of date.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentLogger } from '@wscluster/service';
import { compile } from 'json-schema-to-typescript';
import { startApi } from '../controller/src/api/server.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** The answers that the command line checks before it uses them. */
const CHECKED = [
  'Clusters',
  'ClusterEvent',
  'Created',
  'Gateways',
  'Nodes',
  'Owner',
  'Plan',
  'Problem',
  'Ring',
  'RoutedRequest',
];

async function servedDocument() {
  const listen = { host: '127.0.0.1', port: 0 };
  const api = await startApi({ listen, token: undefined, clusters: [], notReady: () => undefined, log: silentLogger });
  try {
    return await (await fetch(`http://127.0.0.1:${api.port}/openapi.json`)).json();
  } finally {
    await api.close();
  }
}

/** The schemas with references that work outside of the document. */
function standalone(schemas) {
  return JSON.parse(JSON.stringify(schemas).replaceAll('"#/components/schemas/', '"#/$defs/'));
}

async function typesOf(schemas) {
  const ids = Object.keys(schemas);
  const all = {
    type: 'object',
    description: 'What the API takes and answers, by name.',
    properties: Object.fromEntries(ids.map((id) => [id, { $ref: `#/$defs/${id}` }])),
    required: ids,
    $defs: schemas,
  };
  const options = { additionalProperties: false, bannerComment: '', format: false, ignoreMinAndMaxItems: true };
  return compile(all, 'ApiSchemas', options);
}

/**
 * What a program of another version can rely on: fields and their types, but not descriptions, limits, or the absence
 * of further fields.
 */
function structureOf(schema) {
  const { $ref, type, properties, required, items, anyOf } = schema;
  return {
    ...($ref && { $ref }),
    ...(type && { type }),
    ...(properties && { properties: mapped(properties) }),
    ...(required && { required }),
    ...(items && { items: structureOf(items) }),
    ...(anyOf && { anyOf: anyOf.map(structureOf) }),
  };
}

function mapped(schemas) {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, structureOf(schema)]));
}

/** These schemas and those that they refer to. */
function withReferred(ids, schemas, found = {}) {
  for (const id of ids.filter((one) => !(one in found))) {
    found[id] = schemas[id];
    const referred = [...JSON.stringify(schemas[id]).matchAll(/"#\/\$defs\/(\w+)"/g)].map((match) => match[1]);
    withReferred(referred, schemas, found);
  }
  return found;
}

function formatted(file, text) {
  const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  const args = [biome, 'format', `--stdin-file-path=${file}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, input: text, encoding: 'utf8' });
  if (status !== 0) throw new Error(`biome cannot format ${file}: ${stderr}`);
  return stdout;
}

const document = await servedDocument();
const schemas = standalone(document.components.schemas);
const files = {
  'docs/openapi.json': JSON.stringify(document),
  'controller/src/api/answers.ts': `// Generated from docs/openapi.json by \`npm run api:types\`.
import type { z } from 'zod';

${await typesOf(schemas)}
/**
 * Structure of the answers that the command line checks, as JSON Schemas, without descriptions and limits, which may
 * change.
 */
export const answerStructures = ${JSON.stringify(mapped(withReferred(CHECKED, schemas)))} satisfies Record<string, z.core.JSONSchema.JSONSchema>;
`,
};
for (const [file, content] of Object.entries(files)) {
  const text = formatted(file, content);
  if (!process.argv.includes('--check')) writeFileSync(join(root, file), text);
  else if (readFileSync(join(root, file), 'utf8') !== text) {
    process.stderr.write(`${file} is not up to date: npm run api:types\n`);
    process.exitCode = 1;
  }
}
