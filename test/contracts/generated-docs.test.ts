import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test.each(['metrics', 'cluster'])('docs/%s.md says what the code does', (page) => {
  const script = fileURLToPath(new URL(`../../scripts/docs-${page}.mjs`, import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
