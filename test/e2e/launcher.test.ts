import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { lockClusterState } from '@wscluster/controller/adapters/local/cluster-state-lock';
import type { StateLock } from '@wscluster/service';
import { freePorts } from '@wscluster/testbed/ports';
import { describe, expect, test } from 'vitest';
import { endsWell, isRefused, isUp, launcherPorts, portFlags, up, useLauncher } from './support/launcher.ts';
import { until } from './support/wait.ts';

describe('the launcher refuses what cannot work, before it starts anything', () => {
  const launcher = useLauncher();

  test.each([
    ['--api-port', () => launcher().ports.api],
    ['--gateway-ports', () => launcher().ports.gateways[0]],
    ['--gateway-ports', () => launcher().ports.gateways[1]],
    ['--probe-ports', () => launcher().ports.probes + 2],
  ])('a taken port, naming it and %s', async (flag, port) => {
    const other = createServer((socket) => socket.destroy()).listen(port(), '127.0.0.1');
    await once(other, 'listening');
    try {
      const why = `another process listens on 127.0.0.1:${port()}; stop it or choose another port (${flag})`;
      await isRefused(launcher().dev(), why);
      expect(launcher().running()).toEqual([]);
    } finally {
      await once(other.close(), 'close');
    }
  });

  test('a state folder that cannot be written', async () => {
    await isRefused(
      launcher().dev(['--state-dir', '/sys/wscluster']),
      /the state folder \/sys\/wscluster cannot be written: .*; choose another folder with --state-dir/,
    );
    expect(launcher().running()).toEqual([]);
  });

  test('one of two that start at the same instant', async () => {
    const runs = [launcher().dev(), launcher().dev(portFlags(await launcherPorts()))];
    await until('one is up', () => runs.some(isUp), 60_000);
    const [winner, ...others] = runs.filter(isUp);
    expect(others).toEqual([]);
    const pid = launcher().pidOf('cli/src/main.ts');
    for (const run of runs)
      if (run !== winner)
        await isRefused(run, `the state folder ${launcher().state} is in use by process ${pid}: stop that first`);
    if (winner !== undefined) await endsWell(winner);
  });

  test('the state of a controller that was started without it; that one and its nodes go on', async () => {
    const { state } = launcher();
    const [api, probes] = await freePorts(2);
    const controller = launcher().run(process.execPath, [
      ...['controller/src/main.ts', '--cluster', launcher().clusterFile(), '--state-dir', state],
      ...['--api', `127.0.0.1:${api}`, '--probes', `127.0.0.1:${probes}`, '--stop-nodes', 'true'],
    ]);
    const ready = () => controller.stdout.match(/"event":"node-ready"/g)?.length;
    await until('its nodes are ready', () => ready() === 1, 60_000);
    const nodes = launcher().nodePids();
    expect(nodes).toHaveLength(1);
    const why = `the state of cluster chat in ${join(state, 'chat')} is in use by process ${controller.child.pid}: stop`;
    await isRefused(launcher().dev(), why);
    expect(launcher().nodePids()).toEqual(nodes);
    controller.signal('SIGTERM');
    expect(await controller.ended).toMatchObject({ code: 0 });
  });
});

describe('the launcher ends what it has started, and nothing else', () => {
  const launcher = useLauncher();

  test('Ctrl-C right after the controller was killed leaves no node behind', async () => {
    const run = launcher().dev();
    await up(run);
    process.kill(launcher().pidOf('controller/src/main.ts'), 'SIGKILL');
    await until('its end was noticed', () => run.stdout.includes('controller ended (SIGKILL)'));
    await endsWell(run);
    expect(launcher().running()).toEqual([]);
  });

  test('nodes that another controller took over, when its own had crashed, go on', async () => {
    const run = launcher().dev();
    await up(run);
    const nodes = launcher().nodePids();
    process.kill(launcher().pidOf('controller/src/main.ts'), 'SIGKILL');
    let lock: StateLock | undefined;
    await until('the other one has the state', async () => {
      lock = await lockClusterState(launcher().state, 'chat').catch(() => undefined);
      return lock !== undefined;
    });
    try {
      run.signal('SIGINT');
      await until('it has stopped', () => run.stdout.includes('dev: stopped'));
      expect(launcher().nodePids()).toEqual(nodes);
    } finally {
      for (const pid of launcher().nodePids()) process.kill(pid, 'SIGKILL');
      lock?.release();
    }
    await endsWell(run);
  });
});

describe('the launcher shows for each route of the cluster file', () => {
  const launcher = useLauncher();

  test('a command that does what it says', async () => {
    const routes = [
      { path: '/rooms/{room}/{user}', key: { param: 'user' } },
      { path: '/by-query', key: { query: 'user' } },
      { path: '/by-header', key: { header: 'x-user' } },
      { path: '/by-cookie', key: { cookie: 'sid' } },
      { path: '/push/send', key: { query: 'user' } },
    ];
    const run = launcher().dev([], { routes });
    await up(run);
    expect(run.stdout).not.toContain('/websocket/');
    const shown = run.stdout.split('\n').map((line) => line.trim());
    const paste = (path: string) => {
      const command = shown[shown.findIndex((line) => line.startsWith(`${path} (`)) + 1] ?? '';
      // Yes to fetching wscat, as a person answers; what was fetched once is not fetched again.
      const env = { npm_config_yes: 'true', npm_config_prefer_offline: 'true' };
      return launcher().run('bash', ['-c', command], env, '');
    };
    const clients: ReturnType<typeof paste>[] = [];
    for (const { path } of routes.slice(0, -1)) {
      const client = paste(path);
      clients.push(client);
      // One after the other, since each may be the one that fetches wscat.
      await until(`a client at ${path} is greeted`, () => client.stdout.includes('\n'), 60_000);
      expect(JSON.parse(client.stdout)).toMatchObject({ type: 'hello', key: 'alice' });
    }
    expect(JSON.parse((await paste('/push/send').ended).stdout)).toMatchObject({ key: 'alice', sent: 4 });
    for (const client of clients) await until('the message has arrived', () => /^hello$/m.test(client.stdout));
    for (const client of clients) client.signal('SIGKILL');
    await endsWell(run);
  });

  test("one for a WebSocket and one for HTTP, with a backend of one's own", async () => {
    const backend = join(launcher().directory, 'backend.mjs');
    writeFileSync(
      backend,
      `import { createServer } from 'node:http';
       import { writeFileSync } from 'node:fs';
       const server = createServer((req, res) => res.end(req.headers['x-wscluster-key']));
       server.listen(0, '127.0.0.1', () =>
         writeFileSync(process.env.WSCLUSTER_PORT_FILE, '127.0.0.1:' + server.address().port));`,
    );
    const routes = [{ path: '/mine', key: { cookie: 'sid' } }];
    const run = launcher().dev([], { routes, command: [process.execPath, backend] });
    await up(run);
    const [first] = launcher().ports.gateways;
    expect(run.stdout).toContain(`npx wscat -c ws://127.0.0.1:${first}/mine -H 'Cookie: sid=alice'`);
    const [curl = ''] = /curl -i .*$/m.exec(run.stdout) ?? [];
    const { stdout } = await launcher().run('bash', ['-c', curl]).ended;
    expect(stdout).toMatch(/^HTTP\/1.1 200 OK\r\n.*\r\n\r\nalice$/s);
    await endsWell(run);
  });
});
