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

describe('the import rule', () => {
  test.each([
    ['ring/src/x.ts', '@wscluster/service'],
    ['ring/src/x.test.ts', '@wscluster/transport'],
    ['service/src/x.ts', '@wscluster/transport'],
    ['transport/src/x.ts', '@wscluster/gateway'],
    ['controller/src/x.ts', '@wscluster/gateway'],
    ['controller/src/x.ts', '@wscluster/gateway/relay'],
    ['controller/src/app.ts', '@wscluster/ws-node'],
    ['gateway/src/route/x.ts', '@wscluster/controller'],
    ['ws-node/src/x.ts', '../../gateway/src/app.ts'],
    ['gateway/src/x.ts', '@wscluster/ring/src/hash.ts'],
    ['test/e2e/x.test.ts', '../../controller/src/app.ts'],
    ['controller/src/x.ts', './workloads/adapters/docker.ts'],
    ['controller/src/x.ts', './workloads/local/source.ts'],
  ])('refuses in %s the import of %s', (file, imported) => {
    expect(lint({ [file]: importOf(imported) })).toEqual({ [file]: ['noRestrictedImports'] });
  });

  test.each([
    ['service/src/x.ts', '@wscluster/ring'],
    ['transport/src/x.ts', '@wscluster/service'],
    ['gateway/src/x.ts', '@wscluster/transport'],
    ['controller/src/app.ts', './workloads/adapters/docker.ts'],
    ['controller/src/x.test.ts', './workloads/local/source.ts'],
    ['test/e2e/x.test.ts', '@wscluster/controller/workloads/local'],
  ])('allows in %s the import of %s', (file, imported) => {
    expect(lint({ [file]: importOf(imported) })).toEqual({ [file]: [] });
  });

  test('lets only app.ts open the adapters of transport', () => {
    const text = "import { openFileStore } from '@wscluster/transport';\nexport const b = openFileStore;";
    expect(lint({ 'gateway/src/updates/x.ts': text, 'gateway/src/app.ts': text })).toEqual({
      'gateway/src/updates/x.ts': ['noRestrictedImports'],
      'gateway/src/app.ts': [],
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
