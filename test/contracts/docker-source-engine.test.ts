import { randomBytes } from 'node:crypto';
import { type DockerEngine, dockerEngine } from '@wscluster/testbed';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { until } from '../e2e/support/wait.ts';
import { type DockerRelay, dockerRelay } from './support/docker-relay.ts';
import { type DockerScene, dockerScene } from './support/docker-scene.ts';
import { type DockerWatcher, watchDocker } from './support/docker-watcher.ts';

let engine: DockerEngine;
let scene: DockerScene;
beforeAll(async () => {
  engine = await dockerEngine({ tls: true });
});
afterAll(() => engine.dispose());
beforeEach(async () => {
  scene = await dockerScene(engine);
});
afterEach(() => scene.dispose());

/** Runs with an open source, and closes it. */
async function watching(
  options: Parameters<typeof watchDocker>[1],
  work: (watcher: DockerWatcher) => Promise<void>,
): Promise<void> {
  const watcher = await watchDocker(scene, options);
  try {
    await work(watcher);
  } finally {
    await watcher.source.close();
  }
}

describe('an engine that goes away', () => {
  test('is named while it is down; its nodes, which go on, are the same when it is back, and its events come again', async () => {
    await watching({}, async (watcher) => {
      const [stays, dies] = [await scene.run(), await scene.run()];
      for (const id of [stays, dies]) await watcher.sees(id, { phase: 'ready' });
      const before = await watcher.find(stays);
      const [first = 0] = await scene.pids(dies);
      await engine.kill();
      try {
        await expect(watcher.source.list()).rejects.toMatchObject({
          code: 'SOURCE_UNAVAILABLE',
          message: expect.stringContaining(engine.host),
        });
        await until('it said so', () => watcher.warnings.some(({ event }) => event === 'docker-unreachable'));
        await expect(watcher.source.kill(stays)).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
        await expect(watcher.source.create()).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
        process.kill(first, 'SIGKILL');
      } finally {
        await engine.start();
      }
      await watcher.sees(dies, { phase: 'gone' });
      expect(await watcher.find(stays)).toEqual(before);
      await scene.docker('pause', stays);
      await watcher.sees(stays, { phase: 'unready' });
      await scene.docker('unpause', stays);
      await watcher.sees(stays, { phase: 'ready' });
      expect(watcher.warnings.filter(({ event }) => event === 'docker-unreachable')).toHaveLength(1);
    });
  });

  test('frozen, is given up after 5 s, and taken up again when it goes on', async () => {
    await watching({}, async (watcher) => {
      const id = await scene.run();
      await watcher.sees(id, { phase: 'ready' });
      engine.freeze();
      const asked = performance.now();
      try {
        await expect(watcher.source.list()).rejects.toMatchObject({
          code: 'SOURCE_UNAVAILABLE',
          message: expect.stringContaining('no answer within 5 s'),
        });
      } finally {
        engine.thaw();
      }
      expect(performance.now() - asked).toBeLessThan(7000);
      await watcher.sees(id, { phase: 'ready' });
    });
  });
});

describe('the way to the engine', () => {
  let relay: DockerRelay;
  beforeEach(async () => {
    relay = await dockerRelay(engine.host);
  });
  afterEach(() => relay.close());

  test('may be TCP or a socket, whatever DOCKER_HOST in the environment says', async () => {
    vi.stubEnv('DOCKER_HOST', 'tcp://127.0.0.1:1');
    try {
      for (const { host } of [relay, engine])
        await watching({ connection: { host } }, async (watcher) => {
          const id = await watcher.source.create();
          await watcher.sees(id, { phase: 'ready' });
          await watcher.source.endAll();
        });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test('that fails is tried again and again, and said once', async () => {
    relay.cutAfter = 0;
    await watching({ connection: { host: relay.host } }, async (watcher) => {
      const tries = () => relay.requests.filter((request) => request === 'GET /events').length;
      await until('it was tried four times', () => tries() >= 4);
      relay.cutAfter = undefined;
      await until(
        'it works',
        async () =>
          await watcher.source.list().then(
            () => true,
            () => false,
          ),
      );
      expect(watcher.warnings).toMatchObject([{ event: 'docker-unreachable' }]);
    });
  });

  test('may break: events that came meanwhile are made up for', async () => {
    await watching({ connection: { host: relay.host } }, async (watcher) => {
      const quiet = [
        'node',
        '-e',
        "process.on('SIGTERM', () => {}); require('http').createServer((q, s) => s.end()).listen(8080)",
      ];
      const id = await scene.run(['--network', scene.network], quiet);
      await watcher.sees(id, { phase: 'ready' });
      relay.cutAfter = 0;
      relay.cut();
      await scene.docker('kill', '-s', 'TERM', id);
      relay.cutAfter = undefined;
      await watcher.sees(id, { phase: 'draining' });
    });
  });

  test('may break in the middle of an answer, which is no answer', async () => {
    await watching({ connection: { host: relay.host } }, async (watcher) => {
      const id = await scene.run();
      await watcher.sees(id, { phase: 'ready' });
      relay.cutAfter = 400;
      await expect(watcher.source.list()).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
      relay.cutAfter = undefined;
      expect(await watcher.find(id)).toMatchObject({ phase: 'ready' });
    });
  });

  test('is spared: a container is inspected when something happened to it, not at each listing', async () => {
    await watching({ connection: { host: relay.host } }, async (watcher) => {
      const ids = await Promise.all(Array.from({ length: 5 }, () => scene.run()));
      for (const id of ids) await watcher.sees(id, { phase: 'ready' });
      const inspections = () =>
        relay.requests.filter((request) => /containers\/[0-9a-f]{64}\/json/.test(request)).length;
      await watcher.source.list();
      const before = inspections();
      for (let n = 0; n < 10; n++) await watcher.source.list();
      expect(inspections()).toBe(before);
      await scene.docker('pause', ids[0] ?? '');
      await watcher.sees(ids[0] ?? '', { phase: 'unready' });
      expect(inspections()).toBe(before + 1);
    });
  });

  test('may be TLS, with the certificates of a folder', async () => {
    const { tcpHost = '', certPath = '' } = engine;
    await watching({ connection: { host: tcpHost, tlsVerify: true, certPath } }, async (watcher) => {
      const id = await scene.run();
      await watcher.sees(id, { phase: 'ready' });
      await scene.docker('pause', id);
      await watcher.sees(id, { phase: 'unready' });
      await scene.docker('unpause', id);
    });
  });

  test.each([
    [
      'a socket that is not there',
      () => ({ host: `unix:///tmp/${randomBytes(4).toString('hex')}.sock` }),
      /DOCKER_HOST names its socket/,
    ],
    ['a port where nobody listens', () => ({ host: 'tcp://127.0.0.1:1' }), /127\.0\.0\.1:1.*DOCKER_HOST/],
    ['plain HTTP where TLS is spoken', () => ({ host: engine.tcpHost }), /DOCKER_TLS_VERIFY=1/],
    ['TLS where plain HTTP is spoken', () => ({ host: relay.host, tlsVerify: true }), /unset DOCKER_TLS_VERIFY/],
    ['TLS of an authority that nobody knows', () => ({ host: engine.tcpHost, tlsVerify: true }), /ca\.pem/],
  ])('that is wrong is said in one line, once: %s', async (_, connection, message) => {
    await watching({ connection: connection() as { host: string } }, async (watcher) => {
      for (let n = 0; n < 3; n++)
        await expect(watcher.source.list()).rejects.toMatchObject({
          code: 'SOURCE_UNAVAILABLE',
          message: expect.stringMatching(message),
        });
      expect(watcher.warnings).toMatchObject([{ event: 'docker-unreachable', msg: expect.stringMatching(message) }]);
    });
  });

  test.each([
    ['ssh://root@host', 'unix:///path or tcp://host:port'],
    ['/var/run/docker.sock', 'unix:///path or tcp://host:port'],
    ['', 'unix:///path or tcp://host:port'],
  ])('%j is refused', async (host, message) => {
    await expect(scene.open({ onChange: () => {} }, { connection: { host } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(message),
    });
  });

  test('needs certificates that can be read', async () => {
    const connection = { host: 'tcp://127.0.0.1:2376', tlsVerify: true, certPath: '/nowhere' };
    await expect(scene.open({ onChange: () => {} }, { connection })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('/nowhere/ca.pem'),
    });
  });
});

describe('a source that is closed', () => {
  test('leaves no connection, in the middle of its work too', async () => {
    const pipes = () => process.getActiveResourcesInfo().filter((kind) => kind === 'PipeWrap').length;
    const before = pipes();
    const id = await scene.run();
    const watcher = await watchDocker(scene);
    await watcher.sees(id, { phase: 'ready' });
    expect(pipes()).toBeGreaterThan(before);
    const listing = watcher.source.list();
    await watcher.source.close();
    await listing.catch((error: unknown) => expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE' }));
    await until('its sockets are closed', () => pipes() <= before, 5_000);
    await expect(watcher.source.list()).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  });
});
