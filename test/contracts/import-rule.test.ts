import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// Lint keeps the packages apart. A pattern that matches nothing would be silent, so each is shown to bite.

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'import-rule-'));
  cpSync(join(root, 'biome.json'), join(folder, 'biome.json'));
  cpSync(join(root, 'scripts', 'lint'), join(folder, 'scripts', 'lint'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, '.gitignore'), 'node_modules\n');
});

afterAll(() => rmSync(folder, { recursive: true }));

/** The rules that these files break, by file. */
function lint(files: Record<string, string>): Record<string, string[]> {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), `${text}\n`);
  }
  const only = ['noRestrictedImports', 'noImportCycles'].map((rule) => `--only=${rule}`);
  const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  const args = [biome, 'lint', '--reporter=json', '--vcs-enabled=false', ...only, ...Object.keys(files)];
  const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { category: string; location: { path: unknown } }[] };
  const broken: Record<string, string[]> = Object.fromEntries(Object.keys(files).map((path) => [path, []]));
  for (const { category, location } of diagnostics) {
    const { path } = location;
    const file = typeof path === 'string' ? path : (path as { file: string }).file;
    broken[file]?.push(category.split('/').at(-1) ?? '');
  }
  return broken;
}

const importOf = (what: string) => `import { a } from '${what}';\nexport const b = a;`;

type Case = readonly [file: string, imported: string];

const REFUSED: readonly Case[] = [
  ['ring/src/x.ts', '@wscluster/service'],
  ['ring/src/x.test.ts', '@wscluster/transport'],
  ['service/src/x.ts', '@wscluster/transport'],
  ['transport/src/x.ts', '@wscluster/gateway'],
  ['controller/src/x.ts', '@wscluster/gateway'],
  ['controller/src/x.ts', '@wscluster/gateway/relay'],
  ['controller/src/app.ts', '@wscluster/ws-node'],
  ['gateway/src/route/x.ts', '@wscluster/controller'],
  ['node/src/x.ts', '@wscluster/ws-node'],
  ['gateway/src/x.ts', '@wscluster/node'],
  ['ws-node/src/x.ts', '@wscluster/gateway'],
  ['ws-node/src/x.ts', '../../gateway/src/app.ts'],
  ['gateway/src/x.ts', '@wscluster/ring/src/hash.ts'],
  ['test/e2e/x.test.ts', '../../controller/src/app.ts'],
  ['gateway/src/x.ts', '@wscluster/transport/redis/x.ts'],
  ['cli/src/x.ts', '@wscluster/controller/adapters/local'],
  ['controller/src/core/loop/x.ts', '../../adapters/local/source.ts'],
  ['controller/src/core/loop/x.ts', '../../kubernetes/names.ts'],
  ['controller/src/core/loop/x.ts', '../../api/views.ts'],
  ['controller/src/core/loop/status/x.ts', '../../../wiring/registry.ts'],
  ['controller/src/core/loop/x.ts', '../../config.ts'],
  ['controller/src/core/loop/x.ts', 'node:http'],
  ['controller/src/core/plan/x.ts', '../loop/candidate.ts'],
  ['controller/src/core/plan/x.ts', '../../api/views.ts'],
  ['controller/src/core/publish/x.ts', '../loop/changes.ts'],
  ['controller/src/core/scale/x.ts', '../plan/plan.ts'],
  ['controller/src/core/rollout/x.ts', '../publish/publisher.ts'],
  ['controller/src/core/membership/x.ts', '../rollout/pace.ts'],
  ['controller/src/core/spec/x.ts', '../membership/policy.ts'],
  ['controller/src/core/ports/x.ts', '../scale/scale.ts'],
  ['controller/src/adapters/nacos/x.ts', '../../core/fleet/gateways.ts'],
  ['controller/src/adapters/nacos/x.ts', '../../kubernetes/names.ts'],
  ['controller/src/adapters/nacos/x.ts', '../docker/in-parallel.ts'],
  ['controller/src/kubernetes/operator/x.ts', '../../api/views.ts'],
  ['controller/src/kubernetes/pods/x.ts', '../../adapters/readiness.ts'],
  ['controller/src/kubernetes/pods/x.ts', '../../wiring/registry.ts'],
  ['controller/src/api/x.ts', '../kubernetes/names.ts'],
  ['controller/src/api/x.ts', '../adapters/readiness.ts'],
  ['controller/src/api/x.ts', '../app.ts'],
];

const ALLOWED: readonly Case[] = [
  ['service/src/x.ts', '@wscluster/ring'],
  ['transport/src/x.ts', '@wscluster/service'],
  ['gateway/src/x.ts', '@wscluster/transport'],
  ['node/src/x.ts', '@wscluster/transport'],
  ['ws-node/src/x.ts', '@wscluster/node'],
  ['cli/src/dev/app.ts', '@wscluster/controller/adapters/local'],
  ['controller/src/app.ts', './api/server.ts'],
  ['controller/src/wiring/x.ts', '../adapters/docker/source.ts'],
  ['controller/src/wiring/x.ts', '../kubernetes/operator/operator.ts'],
  ['controller/src/core/loop/x.ts', '../plan/planner.ts'],
  ['controller/src/core/loop/x.test.ts', '../../adapters/local/source.ts'],
  ['controller/src/adapters/docker/x.ts', '../readiness.ts'],
  ['controller/src/adapters/docker/x.ts', '../../core/ports/workload-source.ts'],
  ['controller/src/kubernetes/pods/x.ts', '../../core/spec/modes.ts'],
  ['controller/src/api/x.ts', '../core/loop/candidate.ts'],
  ['test/e2e/x.test.ts', '@wscluster/controller/adapters/local'],
];

/** A case's own file, in the folder that it names. */
const importing = (file: string, imported: string) => file.replace('x.', `${imported.replaceAll(/[^a-z]/g, '-')}.`);

/** All at once: starting the linter takes most of the time. */
function lintAll(cases: readonly Case[]): Record<string, string[]> {
  return lint(Object.fromEntries(cases.map(([file, imported]) => [importing(file, imported), importOf(imported)])));
}

describe('the import rule', () => {
  let refused: Record<string, string[]>;
  let allowed: Record<string, string[]>;

  beforeAll(() => {
    refused = lintAll(REFUSED);
    allowed = lintAll(ALLOWED);
  });

  test.each(REFUSED)('refuses in %s the import of %s', (file, imported) => {
    expect(refused[importing(file, imported)]).toEqual(['noRestrictedImports']);
  });

  test.each(ALLOWED)('allows in %s the import of %s', (file, imported) => {
    expect(allowed[importing(file, imported)]).toEqual([]);
  });

  test('lets only app.ts, wiring and the source of rings open the adapters of transport', () => {
    const text = "import { openFileStore } from '@wscluster/transport';\nexport const b = openFileStore;";
    const refused = [
      'gateway/src/updates/x.ts',
      'node/src/x.ts',
      'ws-node/src/app.ts',
      'controller/src/core/loop/x.ts',
      'controller/src/kubernetes/operator/x.ts',
    ];
    const allowed = ['gateway/src/app.ts', 'node/src/ring-source.ts', 'controller/src/wiring/x.ts'];
    expect(lint(Object.fromEntries([...refused, ...allowed].map((path) => [path, text])))).toEqual({
      ...Object.fromEntries(refused.map((path) => [path, ['noRestrictedImports']])),
      ...Object.fromEntries(allowed.map((path) => [path, []])),
    });
  });

  test('refuses cycles, also of types', () => {
    const cycle = (other: string) => `import type { T as O } from './${other}.ts';\nexport type T = O | 1;`;
    expect(lint({ 'ring/src/one.ts': cycle('two'), 'ring/src/two.ts': cycle('one') })).toEqual({
      'ring/src/one.ts': ['noImportCycles'],
      'ring/src/two.ts': ['noImportCycles'],
    });
  });
});
