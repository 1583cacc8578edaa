import { type DockerEngine, dockerEngine } from '@wscluster/testbed';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { http } from '../e2e/support/http.ts';
import { until } from '../e2e/support/wait.ts';
import { type DockerScene, dockerScene } from './support/docker-scene.ts';
import { type DockerWatcher, watchDocker } from './support/docker-watcher.ts';
import { type ProxiedEngine, proxiedEngine } from './support/proxied-engine.ts';

// Through the socket proxy, as in Docker compose: what a controller does with its own containers, the proxy lets
// through.

let engine: DockerEngine;
let scene: DockerScene;
let proxy: ProxiedEngine;
let watcher: DockerWatcher;
const watch = (options: Parameters<typeof watchDocker>[1] = {}) =>
  watchDocker(scene, { connection: { host: proxy.host }, ...options });
beforeAll(async () => {
  engine = await dockerEngine();
});
afterAll(() => engine.dispose());
beforeEach(async () => {
  scene = await dockerScene(engine);
  proxy = await proxiedEngine(engine);
  watcher = await watch();
});
afterEach(async () => {
  await watcher.source.endAll();
  await watcher.source.close();
  await proxy.close();
  await scene.dispose();
});

const createReady = async () => {
  const id = await watcher.source.create();
  await watcher.sees(id, { phase: 'ready' });
  return id;
};
const allContainers = () => scene.docker('ps', '-aq', '--no-trunc');

describe('a container that the controller creates', () => {
  test('is named after its cluster, has its labels, and is told what it needs', async () => {
    scene.settings = {
      ...scene.settings,
      selector: { app: 'chat', 'wscluster.io/cluster': scene.cluster },
      env: { COLOUR: 'grün' },
      drainSeconds: 7,
    };
    const id = await createReady();
    const inspected = JSON.parse(await scene.docker('inspect', id))[0];
    expect(inspected.Name).toMatch(new RegExp(`^/${scene.cluster}-node-[0-9a-f]{8}$`));
    expect(inspected.Config.Labels).toMatchObject({ app: 'chat', 'wscluster.io/managed': 'true' });
    expect(inspected.Config.StopTimeout).toBe(12);
    expect(inspected.HostConfig).toMatchObject({ Init: true, RestartPolicy: { Name: 'no' } });
    const env = JSON.parse((await http('GET', `http://${(await watcher.find(id))?.address}/env`)).text);
    expect(env).toMatchObject({
      WSCLUSTER_DRAIN_SECONDS: '7',
      WSCLUSTER_LISTEN: ':8080',
      COLOUR: 'grün',
    });
  });

  test('is still ended with the others when the selector has changed since', async () => {
    const id = await createReady();
    scene.settings = { ...scene.settings, selector: { app: 'renamed' } };
    expect(await watcher.find(id)).toMatchObject({ phase: 'ready', managed: true });
    await watcher.source.endAll();
    expect(await allContainers()).not.toContain(id);
  });

  test('is removed when it has ended, after its time as gone, and not before', async () => {
    await watcher.source.close();
    watcher = await watch({ tombstoneMs: 1500 });
    const id = await createReady();
    await watcher.source.kill(id);
    await watcher.sees(id, { phase: 'gone' });
    expect(await allContainers()).toContain(id);
    await until('it is not listed any more', async () => (await watcher.find(id)) === undefined);
    await until('its container is removed', async () => !(await allContainers()).includes(id));
    expect(await watcher.find(id)).toBeUndefined();
  });

  test('gets one stop signal, however often it is asked to stop, and is ended by force when its time is up', async () => {
    const counts = "let n = 0; process.on('SIGTERM', () => console.log('signal ' + ++n))";
    const serves = "require('http').createServer((q, s) => s.end()).listen(8080)";
    scene.settings = { ...scene.settings, drainSeconds: 1, command: ['node', '-e', `${counts}; ${serves}`] };
    const id = await createReady();
    const logs = async () => await scene.docker('logs', id);
    for (let n = 0; n < 3; n++) await watcher.source.stop(id);
    await watcher.sees(id, { phase: 'draining' });
    await watcher.source.stop(id);
    await until('it got the signal', async () => (await logs()).includes('signal 1'));
    await until('it is gone', async () => (await watcher.find(id))?.phase === 'gone', 15_000);
    expect(await logs()).toBe('signal 1');
    expect(await scene.docker('inspect', '-f', '{{.State.ExitCode}}', id)).toBe('137');
  });

  test('ends although the source that asked it to is closed at once', async () => {
    const serves = "process.on('SIGTERM', () => {}); require('http').createServer((q, s) => s.end()).listen(8080)";
    scene.settings = { ...scene.settings, drainSeconds: 0, command: ['node', '-e', serves] };
    const id = await createReady();
    await watcher.source.stop(id);
    await watcher.sees(id, { phase: 'draining' });
    await watcher.source.close();
    const state = () => scene.docker('inspect', '-f', '{{.State.Status}}', id);
    await until('the engine ended it by force', async () => (await state()) === 'exited', 15_000);
    watcher = await watch();
    await watcher.sees(id, { phase: 'gone' });
  });
});

describe('a container that cannot be created', () => {
  test('for want of an image: both what was tried and what to do are said, and others can be created meanwhile', async () => {
    scene.settings = { ...scene.settings, image: '127.0.0.1:1/chat:1.0' };
    await expect(watcher.source.create()).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: expect.stringMatching(
        /pull.*127\.0\.0\.1:1\/chat:1\.0.*refused.*run docker pull 127\.0\.0\.1:1\/chat:1\.0/s,
      ),
    });
    const { image: _, ...settings } = scene.settings;
    scene.settings = settings;
    await expect(watcher.source.create()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    scene.settings = { ...settings, image: scene.image };
    await createReady();
  });

  test('because its network does not exist leaves nothing behind', async () => {
    scene.settings = { ...scene.settings, network: 'no-such-network' };
    await expect(watcher.source.create()).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: expect.stringContaining('no-such-network'),
    });
    expect((await watcher.source.list()).filter(({ phase }) => phase !== 'gone')).toEqual([]);
    expect(await scene.docker('ps', '-aq', '--filter', `label=wscluster.io/cluster=${scene.cluster}`)).toBe('');
  });

  test('because its program does not exist is gone at once, and it is said where to look', async () => {
    scene.settings = { ...scene.settings, command: ['/nowhere/backend'] };
    await watcher.source.list();
    const id = await watcher.source.create();
    await watcher.sees(id, { phase: 'gone' });
    const [line] = await watcher.warned('node-exit');
    expect(line).toMatchObject({ node: id, exitCode: 127, action: expect.stringContaining('docker logs') });
  });
});
