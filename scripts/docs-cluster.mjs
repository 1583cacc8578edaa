// Writes docs/cluster.md, every field of a WsCluster, from its schema. With --check it writes nothing, and fails if the
// file is out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { modePrefix } from '../controller/src/core/spec/modes.ts';
import { DECLARED_ONLY } from '../controller/src/core/spec/patch.ts';
import { wsClusterSchema } from '../controller/src/core/spec/schema.ts';

const file = fileURLToPath(new URL('../docs/cluster.md', import.meta.url));

/** `above`: what a field inherits from the object that it is in. */
function rows(schema, path, above = {}) {
  return Object.entries(schema.properties ?? {}).flatMap(([name, own]) => {
    const at = path === '' ? name : `${path}.${name}`;
    const modes = own['x-wscluster-modes'] ?? above.modes;
    const fallback = own.default ?? above.fallback?.[name];
    const fields = own.type === 'object' ? rows(own, at, { modes, fallback }) : [];
    return fields.length > 0 ? fields : [row(at, own, modes, fallback)];
  });
}

function row(path, field, modes, fallback) {
  const shown = fallback === undefined ? '' : `\`${JSON.stringify(fallback)}\``;
  const { description = '', 'x-wscluster-modes': own } = field;
  const meaning = own === undefined ? description : sentence(description.slice(modePrefix(own).length));
  // Markdown would read <name> as HTML.
  const escaped = meaning.replaceAll('<', '&lt;');
  return `| \`${path}\` | ${modes?.join(', ') ?? 'all'} | ${typeOf(field)} | ${shown} | ${escaped} |`;
}

function sentence(text) {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
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

This page lists every field of \`spec\`; [The cluster file](cluster-file.md) explains the most important ones, routes and
keys. On one machine and with Docker a WsCluster is a YAML file (\`--cluster\` takes one, or a folder of them), on Kubernetes a
[resource](../crds/wsclusters.wscluster.io.yaml) (\`kubectl explain wsc.spec\`).

- **Mode:** a field that names modes works in these only. A field for Kubernetes is refused in a file, and the other way
  round. Unknown fields are refused.
- **Required:** nothing in a file. Kubernetes needs \`bus\`, \`store\`, and either \`nodes.template\` with \`nodes.replicas\` or
  \`nodes.selector\`.

\`npm run docs:cluster\` generates this page.

| field of \`spec\` | mode | type | default | meaning |
|---|---|---|---|---|
${rows(properties.spec, '').join('\n')}

## Fields that the API cannot change

\`PATCH\` changes every field except these, which only the file or the resource can set:
${DECLARED_ONLY.map((field) => `\`${field}\``).join(', ')}.
`;
}

if (!process.argv.includes('--check')) writeFileSync(file, page());
else if (readFileSync(file, 'utf8') !== page()) {
  process.stderr.write('docs/cluster.md is not up to date: npm run docs:cluster\n');
  process.exitCode = 1;
}
