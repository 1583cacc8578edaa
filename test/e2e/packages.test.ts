import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { freePorts } from '@wscluster/testbed/ports';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { stringify } from 'yaml';
import { http } from './support/http.ts';
import { LoggedProcess, processesNaming } from './support/processes.ts';
import { root } from './support/run.ts';
import { until } from './support/wait.ts';

const LIBRARY = '@wscluster/node';

/** A folder of a user's with both packages, as npm installs them; what they depend on is this repository's. */
let project: string;
let dev: LoggedProcess | undefined;

const modules = (...path: string[]) => join(project, 'node_modules', ...path);

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'wsc-packages-'));
  const dist = join(project, 'dist');
  await promisify(execFile)(process.execPath, ['scripts/packages.mjs', dist], { cwd: root });
  for (const file of readdirSync(dist).filter((name) => name.endsWith('.tgz'))) install(join(dist, file));
  rmSync(dist, { recursive: true });
  link('ws');
}, 240_000);

afterEach(async () => {
  await dev?.end('SIGKILL');
  await until('nothing is left', () => processesNaming(project).length === 0, 15_000);
});

afterAll(() => rmSync(project, { recursive: true }));

interface Manifest {
  readonly name: string;
  readonly dependencies: Record<string, string>;
}

function install(tarball: string): void {
  const text = spawnSync('tar', ['-xzOf', tarball, 'package/package.json'], { encoding: 'utf8' }).stdout;
  const { name, dependencies } = JSON.parse(text) as Manifest;
  mkdirSync(modules(name), { recursive: true });
  const { status } = spawnSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', modules(name)]);
  expect(status).toBe(0);
  for (const dependency of Object.keys(dependencies)) link(dependency);
}

function link(dependency: string): void {
  mkdirSync(dirname(modules(dependency)), { recursive: true });
  rmSync(modules(dependency), { force: true });
  symlinkSync(join(root, 'node_modules', dependency), modules(dependency));
}

/** The first backend of the library's README. */
function writeBackend(): void {
  const readme = readFileSync(modules(LIBRARY, 'README.md'), 'utf8');
  const [, code = ''] = /```js\n(.*?)```/s.exec(readme) ?? [];
  writeFileSync(join(project, 'backend.mjs'), code);
}

describe('the packages for npm', () => {
  test('hold what runs in node_modules, with types for the library, and no tests', () => {
    const files = [LIBRARY, 'wscluster'].flatMap((name) =>
      readdirSync(modules(name), { recursive: true, encoding: 'utf8' }).map((file) => `${name}/${file}`),
    );
    expect(files).toContain(`${LIBRARY}/index.d.ts`);
    expect(files).toContain('wscluster/dashboard/dist/index.html');
    expect(files.filter((file) => /\.test\.|\/testing\/|(?<!\.d)\.ts$/.test(file))).toEqual([]);
  });

  test('the command runs a cluster of that backend, and the dashboard', async () => {
    writeBackend();
    const routes = [{ path: '/chat/{user}', key: { param: 'user' } }];
    const spec = { nodes: { replicas: 1, command: ['node', 'backend.mjs'], drainSeconds: 1 }, routing: { routes } };
    const metadata = { name: 'mine' };
    const resource = { apiVersion: 'wscluster.io/v1alpha1', kind: 'WsCluster', metadata, spec };
    writeFileSync(join(project, 'mine.yaml'), stringify(resource));
    const [api, gateway] = await freePorts(2);
    const probes = 20_000 + (process.pid % 10_000); // these follow one another
    dev = new LoggedProcess(
      [
        ...[modules('wscluster', 'bin', 'wscluster.mjs'), 'dev', '--cluster', 'mine.yaml', '--state-dir', 'state'],
        ...['--api-port', `${api}`, '--gateway-ports', `${gateway}`, '--probe-ports', `${probes}`],
      ],
      { PATH: `${dirname(process.execPath)}:${process.env.PATH}` },
      project,
    );
    const output = () => (dev?.other ?? []).join('\n');
    await until('the cluster is up', () => output().includes('wscluster is up') || dev?.ended === true, 60_000);
    expect(output()).toContain('wscluster is up');
    expect((await http('GET', `http://127.0.0.1:${api}/`)).text).toContain('<title>wscluster</title>');

    const client = new WebSocket(`ws://127.0.0.1:${gateway}/chat/alice`);
    const received: string[] = [];
    client.on('message', (data) => received.push(String(data)));
    await once(client, 'open');
    client.send('hello');
    await until('the backend answers', () => received.some((text) => /^alice on \S+: hello$/.test(text)));
    const json = { 'content-type': 'application/json' };
    const message = JSON.stringify({ key: 'alice', message: 'ding' });
    const sent = await http('POST', `http://127.0.0.1:${api}/api/v1/messages`, message, json);
    expect(JSON.parse(sent.text)).toMatchObject({ connections: 1 });
    await until('the message is there', () => received.includes('ding'));
    client.close();
    await once(client, 'close');
    expect(await dev.end('SIGINT')).toBe(0);
  });
});
