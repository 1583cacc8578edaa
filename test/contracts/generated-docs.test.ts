import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test.each([
  ['docs/metrics.md', 'docs-metrics'],
  ['docs/cluster.md', 'docs-cluster'],
  ['docs/openapi.json, with the types made from it,', 'api-types'],
])('%s says what the code does', (_what, name) => {
  const script = fileURLToPath(new URL(`../../scripts/${name}.mjs`, import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
