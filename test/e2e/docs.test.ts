import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { loadClusterFile } from '@wscluster/controller';
import { expect, test } from 'vitest';
import { root } from './support/run.ts';

const PAGES = globSync(['*.md', 'docs/**/*.md', 'testbed/*.md'], { cwd: root }).sort();
/** Written by the reader. */
const OWN_FILES = ['deploy/compose/.env'];

const read = (page: string) => readFileSync(join(root, page), 'utf8');

/** What a page names in backticks, and the lines of its shell blocks. */
function commandsOf(page: string): string[] {
  const blocks = /^```(?:sh)?\n(.*?)^```$/gms;
  const text = read(page);
  const lines = [...text.matchAll(blocks)].flatMap(([, block = '']) => block.split('\n'));
  const inline = [...text.replaceAll(/^```.*?^```$/gms, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  return [...lines, ...inline].map((line) => line.replace(/\s+# .*/, ''));
}

/** As GitHub makes them: in lower case, spaces as dashes, without punctuation. */
function anchorsOf(page: string): string[] {
  const headings = read(page)
    .replaceAll(/^```.*?^```$/gms, '')
    .matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function leadsNowhere(page: string, link: string): boolean {
  if (/^https?:/.test(link)) return false;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(root, target))) return true;
  return anchor !== undefined && !anchorsOf(target).includes(anchor);
}

test('every link of the documentation leads to a file and a heading that are there', () => {
  const links = PAGES.flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => ({ page, link })),
  );
  expect(links.length).toBeGreaterThan(50);
  expect(links.filter(({ page, link }) => leadsNowhere(page, link))).toEqual([]);
});

test('every file, folder and npm script that its commands name is there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const folders = /(?<=^|\s)(?:bench|cli|controller|crds|deploy|docs|ring|scripts|test)\/[\w./-]*/g;
  const missing = PAGES.flatMap((page) =>
    commandsOf(page).flatMap((command) => {
      const [, script = 'test'] = /^npm run (?:-s )?([\w:]+)/.exec(command) ?? [];
      const paths = [...command.matchAll(folders)].map(([path]) => path);
      return [
        ...(scripts[script] === undefined ? [`${page}: npm run ${script}`] : []),
        // `npm test -- test/e2e/plan` runs the files that begin so.
        ...paths.filter((path) => !OWN_FILES.includes(path) && globSync(`${path}*`, { cwd: root }).length === 0),
      ];
    }),
  );
  expect(missing).toEqual([]);
});

test('every command of wscluster that it names is one', () => {
  const overview = spawnSync(process.execPath, [join(root, 'cli/src/main.ts'), '--help'], { encoding: 'utf8' }).stdout;
  const known = [...overview.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, name]) => name);
  const used = PAGES.flatMap(commandsOf).flatMap(
    (command) => /(?:^|\bnpx )wscluster ([a-z]+)/.exec(command)?.[1] ?? [],
  );
  expect(used.length).toBeGreaterThan(10);
  expect(used.filter((name) => !known.includes(name))).toEqual([]);
});

test('its index names every page', () => {
  const index = read('docs/README.md');
  const pages = globSync('*.md', { cwd: join(root, 'docs') }).filter((page) => page !== 'README.md');
  expect(pages.filter((page) => !index.includes(`](${page})`))).toEqual([]);
});

test('every recipe is in its index, and its page has the routes of its cluster file', () => {
  const recipes = globSync('docs/recipes/*/', { cwd: root }).map((folder) => basename(folder));
  expect(recipes).toHaveLength(12);
  const index = read('docs/recipes/README.md');
  for (const recipe of recipes) {
    const folder = `docs/recipes/${recipe}`;
    expect(index, recipe).toContain(`](${recipe}/README.md)`);
    const [, routes = 'no routes'] = /^```yaml\n(.*?)^```$/ms.exec(read(`${folder}/README.md`)) ?? [];
    expect(read(`${folder}/cluster.yaml`)).toContain(routes);
    expect(loadClusterFile(join(root, folder, 'cluster.yaml')).cluster.spec.routing.routes.length).toBeGreaterThan(0);
  }
});

/** A cluster file with this text, as a controller reads it. */
function loaded(yaml: string) {
  const folder = mkdtempSync(join(tmpdir(), 'wsc-docs-'));
  try {
    writeFileSync(join(folder, 'chat.yaml'), yaml);
    return loadClusterFile(join(folder, 'chat.yaml')).cluster.spec;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the example in docs/cluster-file.md is a usable cluster file', () => {
  const [, yaml = ''] = /<!-- example: cluster -->\n```yaml\n(.*?)```/s.exec(read('docs/cluster-file.md')) ?? [];
  expect(loaded(yaml).nodes).toMatchObject({ replicas: 3, command: ['node', 'server.js'] });
});

test('the example in docs/any-application.md is a usable cluster file', () => {
  const [, yaml = ''] = /<!-- example: application -->\n```yaml\n(.*?)```/s.exec(read('docs/any-application.md')) ?? [];
  const { nodes, routing } = loaded(yaml);
  expect(nodes).toMatchObject({ command: ['python3', 'server.py', '--port', '{port}'], workingDirectory: '../chat' });
  expect(routing.routes).toEqual([{ path: '/room/{room}', key: { param: 'room' } }]);
});

test('the routes in docs/routing.md are those that a cluster file may have', () => {
  const text = read('docs/routing.md');
  const [, example = ''] = /<!-- example: routes -->\n```yaml\n(.*?)```/s.exec(text) ?? [];
  const [, cases = ''] = /## Find your case\n(.*?)\nAn example with several/s.exec(text) ?? [];
  const single = [...cases.matchAll(/`(\{ (?:path|prefix): .*? \})`/g)].map(([, route]) => route);
  expect(single.length).toBeGreaterThan(10);
  const head = 'apiVersion: wscluster.io/v1alpha1\nkind: WsCluster\nmetadata: { name: chat }\nspec:\n';
  expect(loaded(head + example.replace(/^/gm, '  ')).routing.routes).toHaveLength(5);
  for (const route of single)
    expect(loaded(`${head}  routing: { routes: [${route}] }\n`).routing.routes).toHaveLength(1);
});
