import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type DockerEngine, dockerEngine } from '@wscluster/testbed';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type DockerScene, dockerScene } from '../contracts/support/docker-scene.ts';
import { recordingLog } from '../contracts/support/log-lines.ts';
import { type ProxiedEngine, proxiedEngine } from '../contracts/support/proxied-engine.ts';
import { until } from '../e2e/support/wait.ts';

// What a controller may do through the proxy, the contract of the Docker source shows; here is what it may not.

let engine: DockerEngine;
let scene: DockerScene;
let proxy: ProxiedEngine;
let lines: Record<string, unknown>[];
let socketsGone: number;
beforeAll(async () => {
  engine = await dockerEngine();
}, 600_000);
afterAll(() => engine.dispose());
beforeEach(async () => {
  scene = await dockerScene(engine);
  const recorded = recordingLog('info');
  ({ lines } = recorded);
  socketsGone = 0;
  proxy = await proxiedEngine(engine, { log: recorded.log, onSocketGone: () => socketsGone++ });
  await until('it is ready', async () => (await proxy.readyz()) === 'ready');
});
afterEach(async () => {
  await proxy.close();
  await scene.dispose();
});

const containers = () => scene.docker('ps', '--all', '--quiet', '--no-trunc');
const ofAController = () => ({
  Image: scene.image,
  Labels: { 'wscluster.io/cluster': scene.cluster, 'wscluster.io/managed': 'true' },
  Env: [],
  ExposedPorts: { '8080/tcp': {} },
  StopTimeout: 5,
  HostConfig: { Init: true, RestartPolicy: { Name: 'no' }, NetworkMode: scene.network },
});

describe('the socket proxy', () => {
  test('creates no container with rights on the host, and one like it without them', async () => {
    const before = await containers();
    const container = ofAController();
    for (const [field, value] of Object.entries({
      Privileged: true,
      Binds: ['/:/host'],
      Mounts: [{ Type: 'bind', Source: '/', Target: '/host' }],
      CapAdd: ['SYS_ADMIN'],
      PidMode: 'host',
      NetworkMode: 'host',
    })) {
      const body = JSON.stringify({ ...container, HostConfig: { ...container.HostConfig, [field]: value } });
      const answer = await proxy.ask('POST', '/containers/create?name=mine', body);
      expect(answer).toMatchObject({ status: 403, text: expect.stringContaining(field) });
    }
    expect(await containers()).toBe(before);
    expect(lines.filter(({ event }) => event === 'call-refused')).toHaveLength(6);
    const created = await proxy.ask('POST', '/containers/create?name=mine', JSON.stringify(container));
    expect(created.status).toBe(201);
    const { Id } = JSON.parse(created.text) as { Id: string };
    expect(await proxy.ask('DELETE', `/containers/${Id}?force=true`)).toMatchObject({ status: 204 });
  });

  test('takes no container that is larger than any that is written by hand', async () => {
    const container = { ...ofAController(), Env: ['A='.padEnd(300_000, 'a')] };
    const answer = await proxy.ask('POST', '/containers/create', JSON.stringify(container));
    expect(answer).toMatchObject({ status: 413, text: expect.stringContaining('262144 bytes') });
  });

  test('refuses what no controller calls, however it is written', async () => {
    const id = await scene.run();
    for (const [method, target] of [
      ['GET', '/secrets'],
      ['GET', '/containers/../secrets'],
      ['GET', '/images/a/../../secrets/json'],
      ['GET', '/images/%2e%2e/secrets/json'],
      ['GET', '//secrets'],
      ['GET', 'http://localhost/secrets'],
      ['POST', '/volumes/create'],
      ['POST', `/containers/${id}/exec`],
      ['GET', `/containers/${id}/archive?path=/etc/passwd`],
      ['GET', `/containers/${id}/logs?stdout=true`],
      ['POST', `/containers/${id}/update`],
    ] as const) {
      const answer = await proxy.ask(method, target, method === 'POST' ? '{}' : undefined);
      expect(answer).toEqual({ status: 403, text: expect.stringContaining(`no controller calls ${method} ${target}`) });
      expect(lines.at(-1)).toMatchObject({ event: 'call-refused', method, url: target });
    }
  });

  test('starts, stops and removes only what a controller has created', async () => {
    const id = await scene.run();
    for (const [method, target] of [
      ['POST', `/containers/${id}/stop?t=1`],
      ['DELETE', `/containers/${id}?force=true`],
      ['POST', `/containers/${id}/start`],
    ] as const)
      expect(await proxy.ask(method, target)).toMatchObject({
        status: 403,
        text: expect.stringContaining('wscluster.io/managed=true'),
      });
    expect(await scene.docker('inspect', '--format', '{{.State.Running}}', id)).toBe('true');
    const unknown = randomBytes(32).toString('hex');
    expect(await proxy.ask('POST', `/containers/${unknown}/stop?t=1`)).toMatchObject({
      status: 404,
      text: expect.stringContaining(`No such container: ${unknown}`),
    });
  });

  test("does not show a container's environment or arguments", async () => {
    const id = await scene.run(
      ['--network', scene.network, '--env', 'PASSWORD=secret'],
      [...['sh', '-c', 'sleep 600', 'secret']],
    );
    const list = await proxy.ask('GET', '/containers/json');
    expect(JSON.parse(list.text)).toMatchObject([{ Id: id, State: 'running' }]);
    expect(list.text).not.toContain('secret');
    const { status, text } = await proxy.ask('GET', `/containers/${id}/json`);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ Id: id, State: { Running: true } });
    expect(text).not.toContain('secret');
  });

  test('passes on events as they come, and leaves a stream that nobody reads any more', async () => {
    const filters = encodeURIComponent(JSON.stringify({ event: ['pause'] }));
    const events = await proxy.send('GET', `/events?filters=${filters}`);
    const id = await scene.run();
    const chunk = once(events, 'data');
    await scene.docker('pause', id);
    expect(String((await chunk)[0])).toContain(id);
    await scene.docker('unpause', id);
    const pipes = () => process.getActiveResourcesInfo().filter((kind) => kind === 'PipeWrap').length;
    const before = pipes();
    events.destroy();
    // Both ends of it are in this process: the client's two, and the connection to the engine.
    await until('it is closed', () => pipes() <= before - 3);
  });

  test('says why the engine cannot be reached, and that its socket has gone, and goes on when it is back', async () => {
    await engine.kill();
    try {
      await until('it is not ready', async () => (await proxy.readyz()) !== 'ready');
      expect(await proxy.readyz()).toMatch(
        /engine at \/.*docker\.sock cannot be reached: .*; check that the engine is running/,
      );
      expect(await proxy.ask('GET', '/containers/json')).toMatchObject({
        status: 502,
        text: expect.stringContaining('cannot be reached'),
      });
      expect(lines.filter(({ event }) => event === 'engine-unreachable')).toHaveLength(1);
      expect(socketsGone).toBeGreaterThan(0);
    } finally {
      await engine.start();
    }
    await until('it is ready again', async () => (await proxy.readyz()) === 'ready');
    expect(lines.at(-1)).toMatchObject({ event: 'engine-reachable' });
  });
});
