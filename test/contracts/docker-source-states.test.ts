import { type DockerEngine, dockerEngine } from '@wscluster/testbed';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type DockerScene, dockerScene } from './support/docker-scene.ts';
import { BY_EVENT_MS, type DockerWatcher, watchDocker } from './support/docker-watcher.ts';

let engine: DockerEngine;
let scene: DockerScene;
let watcher: DockerWatcher;
beforeAll(async () => {
  engine = await dockerEngine();
});
afterAll(() => engine.dispose());
beforeEach(async () => {
  scene = await dockerScene(engine);
  watcher = await watchDocker(scene);
});
afterEach(async () => {
  await watcher.source.endAll();
  await watcher.source.close();
  await scene.dispose();
});

const runReady = async (args?: readonly string[]) => {
  const id = await scene.run(args);
  await watcher.sees(id, { phase: 'ready' });
  return id;
};

describe('a container that somebody else runs', () => {
  test('is a node when it has the labels, and not one that the controller may end', async () => {
    const id = await runReady();
    const other = await scene.docker('run', '-d', '--network', scene.network, scene.image);
    try {
      expect(await watcher.source.list()).toMatchObject([{ id, phase: 'ready', managed: false }]);
      await expect(watcher.source.kill(other)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await watcher.source.endAll();
      expect(await watcher.find(id)).toMatchObject({ phase: 'ready' });
    } finally {
      await scene.docker('rm', '-f', other);
    }
  });

  test('is ended by the controller when it is asked to', async () => {
    const [stopped, killed] = [await runReady(), await runReady()];
    await watcher.source.stop(stopped);
    await watcher.source.kill(killed);
    for (const id of [stopped, killed]) await watcher.sees(id, { phase: 'gone' });
    // It is not ours to remove.
    expect(await scene.docker('ps', '-aq', '--no-trunc')).toContain(stopped);
  });

  test('that was created and not started is starting', async () => {
    const label = `wscluster.io/cluster=${scene.cluster}`;
    const id = await scene.docker('create', '-l', label, '--network', scene.network, scene.image);
    await watcher.sees(id, { phase: 'starting', address: undefined });
    await scene.docker('start', id);
    await watcher.sees(id, { phase: 'ready' });
    expect(watcher.warnings).toEqual([]);
  });

  test('has the weight of its label; of one that is none it is said once', async () => {
    const [heavy, wrong] = await Promise.all([
      scene.run(['--network', scene.network, '-l', 'wscluster.io/weight=2.5']),
      scene.run(['--network', scene.network, '-l', 'wscluster.io/weight=much']),
    ]);
    await watcher.sees(heavy, { phase: 'ready', weight: 2.5 });
    await watcher.sees(wrong, { phase: 'ready' });
    expect((await watcher.find(wrong))?.weight).toBeUndefined();
    await watcher.source.list();
    const lines = await watcher.warned('node-label-invalid');
    expect(lines).toMatchObject([{ node: wrong, msg: expect.stringContaining('wscluster.io/weight is "much"') }]);
  });
});

describe('a container that leaves', () => {
  test('is draining from its stop signal on, though the engine calls it running; other signals mean nothing', async () => {
    const id = await runReady(['--network', scene.network, '--stop-signal', 'SIGUSR2', '-e', 'LINGER_MS=60000']);
    // tini passes it on; Node ignores the one, and serves on after the other.
    await scene.docker('kill', '-s', 'SIGURG', id);
    await scene.docker('kill', '-s', 'SIGTERM', id);
    await watcher.sees(id, { phase: 'draining' }); // by what it says, for SIGTERM is not its stop signal
    const quiet = await scene.run(
      ['--network', scene.network, '--stop-signal', 'SIGUSR2'],
      ['node', '-e', "process.on('SIGUSR2', () => {}); require('http').createServer((q, s) => s.end()).listen(8080)"],
    );
    await watcher.sees(quiet, { phase: 'ready' });
    await scene.docker('kill', '-s', 'SIGURG', quiet);
    expect(await watcher.find(quiet)).toMatchObject({ phase: 'ready' });
    const asked = Date.now();
    await scene.docker('kill', '-s', 'SIGUSR2', quiet);
    await watcher.sees(quiet, { phase: 'draining' });
    expect((await watcher.find(quiet))?.drainingSince).toBeGreaterThanOrEqual(asked - 1);
    expect(await scene.docker('inspect', '-f', '{{.State.Status}}', quiet)).toBe('running');
  });

  test('is draining when it says so on its readiness path, or by its label', async () => {
    const id = await runReady();
    await scene.tell(id, 'draining=true');
    await watcher.sees(id, { phase: 'draining' });
    const labelled = await scene.run(['--network', scene.network, '-l', 'wscluster.io/drain=true']);
    await watcher.sees(labelled, { phase: 'draining' });
  });

  test('is gone when it dies, and when it is removed at once', async () => {
    const [dead, removed] = [await runReady(), await runReady()];
    await scene.docker('kill', dead);
    await scene.docker('rm', '-f', removed);
    for (const id of [dead, removed]) await watcher.sees(id, { phase: 'gone' });
  });

  test('is gone when it runs out of memory', async () => {
    const hog = 'const kept = []; setInterval(() => kept.push(Buffer.alloc(2 ** 24, 1)), 5)';
    const id = await scene.run(['--network', scene.network, '-m', '96m', '--memory-swap', '96m'], ['node', '-e', hog]);
    await watcher.sees(id, { phase: 'gone' });
  });

  test('comes back under its id when it is started again, and is no longer asked to leave', async () => {
    const id = await runReady();
    await watcher.source.drain(id);
    await watcher.sees(id, { phase: 'draining' });
    expect(Object.keys(scene.drains)).toEqual([id]);
    await scene.docker('restart', id);
    await watcher.sees(id, { phase: 'ready' });
    await scene.docker('stop', id);
    await watcher.sees(id, { phase: 'gone' });
    await scene.docker('start', id);
    await watcher.sees(id, { phase: 'ready' });
    expect(scene.drains).toEqual({});
  });

  test('is forgotten among the drains when it is gone', async () => {
    const id = await runReady();
    await watcher.source.drain(id);
    await scene.docker('rm', '-f', id);
    await watcher.sees(id, { phase: 'gone' });
    expect(scene.drains).toEqual({});
  });
});

describe('a container that is not well', () => {
  test('is unready while it is paused, and ready again at once', async () => {
    const id = await runReady();
    await scene.docker('pause', id);
    await watcher.sees(id, { phase: 'unready' }, BY_EVENT_MS);
    await scene.docker('unpause', id);
    await watcher.sees(id, { phase: 'ready' });
  });

  test('ends when it is asked to while it is paused', async () => {
    const [stopped, killed] = [await runReady(), await runReady()];
    await scene.docker('pause', stopped, killed);
    await watcher.source.kill(killed);
    await watcher.source.stop(stopped);
    for (const id of [killed, stopped]) await watcher.sees(id, { phase: 'gone' });
  });

  test('with a health check is as healthy as that says, and drains by what it says itself', async () => {
    const check = "fetch('http://127.0.0.1:8080/healthz').then((answer) => process.exit(answer.ok ? 0 : 1))";
    const health = ['--health-cmd', `node -e "${check}"`, '--health-interval', '300ms', '--health-retries', '1'];
    const id = await scene.run(['--network', scene.network, '-e', 'READYZ_STATUS=503', ...health]);
    expect(await watcher.find(id)).toMatchObject({ phase: 'starting' });
    await watcher.sees(id, { phase: 'ready' });
    await scene.tell(id, 'healthy=500');
    await watcher.sees(id, { phase: 'unready' });
    await scene.tell(id, 'healthy=200');
    await watcher.sees(id, { phase: 'ready' });
    await scene.docker('pause', id);
    await watcher.sees(id, { phase: 'unready' });
    await scene.docker('unpause', id);
    await watcher.sees(id, { phase: 'ready' });
    await scene.tell(id, 'draining=true');
    await watcher.sees(id, { phase: 'draining' });
  });

  test('that knows nothing of us is ready as soon as it answers; one that answers 5xx is not', async () => {
    const id = await runReady(['--network', scene.network, '-e', 'READYZ_STATUS=404']);
    await scene.tell(id, 'ready=500');
    await watcher.sees(id, { phase: 'unready' });
  });

  test('that accepts connections and never answers HTTP is ready by that; where nothing listens, it is not', async () => {
    const silent = "require('net').createServer((socket) => socket.on('error', () => {})).listen(8080)";
    const id = await scene.run(['--network', scene.network], ['node', '-e', silent]);
    const deaf = await scene.run(['--network', scene.network], ['node', '-e', 'setInterval(() => {}, 1000)']);
    await watcher.sees(id, { phase: 'ready' });
    expect(await watcher.find(deaf)).toMatchObject({ phase: 'starting' });
    await scene.docker('pause', id);
    await watcher.sees(id, { phase: 'unready' });
  });

  test('is ready by TCP alone where that is asked for, whatever it answers', async () => {
    scene.settings = { ...scene.settings, readiness: { tcp: true } };
    const id = await runReady(['--network', scene.network, '-e', 'READYZ_STATUS=500']);
    expect(await watcher.find(id)).toMatchObject({ phase: 'ready' });
  });
});
