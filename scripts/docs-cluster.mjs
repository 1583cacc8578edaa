// Writes docs/cluster.md, every field of a WsCluster, from its schema. With --check it writes nothing, and fails when
// the file is not what it would write.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { wsClusterSchema } from '../controller/src/cluster/schema.ts';

const file = fileURLToPath(new URL('../docs/cluster.md', import.meta.url));

function rows(schema, path) {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const at = path === '' ? name : `${path}.${name}`;
    const fields = field.type === 'object' ? rows(field, at) : [];
    return fields.length > 0 ? fields : [row(at, field)];
  });
}

function row(path, field) {
  const { default: fallback } = field;
  const shown = fallback === undefined ? '' : `\`${JSON.stringify(fallback)}\``;
  return `| \`${path}\` | ${typeOf(field)} | ${shown} | ${field.description ?? ''} |`;
}

function typeOf({ type, enum: values, items, minimum, maximum, exclusiveMinimum }) {
  if (values !== undefined) return values.map((value) => `\`${value}\``).join(', ');
  if (type === 'array') return `list of ${items.type ?? 'objects'}`;
  const range = minimum === undefined || maximum === undefined || exclusiveMinimum ? '' : `, ${minimum} to ${maximum}`;
  return `${type === 'object' ? 'map' : (type ?? 'one of several')}${range}`;
}

function page() {
  const { properties } = z.toJSONSchema(wsClusterSchema, { io: 'input' });
  return `# Fields of a WsCluster
A YAML file each (\`--cluster\` takes one, or a folder of them): \`apiVersion: wscluster.io/v1alpha1\`, \`kind: WsCluster\`,
\`metadata: { name: chat }\` and \`spec\`. All of the spec is optional. Unknown fields are refused. Routes are described in
[ARCHITECTURE.md](../ARCHITECTURE.md) and limits in [gateway.md](gateway.md). This page is generated: \`npm run docs:cluster\`.

| field of \`spec\` | type | default | meaning |
|---|---|---|---|
${rows(properties.spec, '').join('\n')}

What the API may change (\`PATCH\`): all but \`nodes.command\`, \`image\`, \`env\`, \`selector\`, \`port\`, \`network\`, \`addressFrom\`,
\`publishedHost\`, \`readinessPath\` and \`registry\`, which only the file sets.
`;
}

if (!process.argv.includes('--check')) writeFileSync(file, page());
else if (readFileSync(file, 'utf8') !== page()) {
  process.stderr.write('docs/cluster.md is not up to date: npm run docs:cluster\n');
  process.exitCode = 1;
}
