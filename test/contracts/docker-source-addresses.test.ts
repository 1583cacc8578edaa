import { type AddressInfo, createServer } from 'node:net';
import { type DockerEngine, dockerEngine } from '@wscluster/testbed';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { http } from '../e2e/support/http.ts';
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

const addressOf = async (id: string) => (await watcher.find(id))?.address;
const answersAt = async (address: string | undefined) => (await http('GET', `http://${address}/healthz`)).status;
const freePort = async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

describe('on a network', () => {
  test('a node that leaves the network has no address, and another one when it is back', async () => {
    const id = await scene.run();
    await watcher.sees(id, { phase: 'ready' });
    const before = await addressOf(id);
    await scene.docker('network', 'disconnect', scene.network, id);
    await watcher.sees(id, { phase: 'unready', address: undefined }, BY_EVENT_MS);
    const [line] = await watcher.warned('node-without-address');
    expect(line).toMatchObject({ node: id, action: expect.stringContaining(`network connect ${scene.network}`) });
    const subnet = await scene.docker('network', 'inspect', '-f', '{{(index .IPAM.Config 0).Subnet}}', scene.network);
    const another = subnet.replace(/\d+\/.*$/, '77');
    await scene.docker('network', 'connect', '--ip', another, scene.network, id).catch(async () => {
      // An address of one's choice needs a subnet of one's choice.
      const holder = await scene.run();
      await scene.docker('network', 'connect', scene.network, id);
      await scene.docker('rm', '-f', holder);
    });
    await watcher.sees(id, { phase: 'ready' });
    const after = await addressOf(id);
    expect(after).not.toBe(before);
    expect(await answersAt(after)).toBe(200);
  });

  test('of several networks the one in the settings counts; without one the node waits, and it is said once which there are', async () => {
    const second = await scene.addNetwork();
    const { network: _, ...settings } = scene.settings;
    scene.settings = settings;
    const id = await scene.run();
    await watcher.sees(id, { phase: 'ready' });
    const only = await addressOf(id);
    await scene.docker('network', 'connect', second, id);
    await watcher.sees(id, { phase: 'unready', address: undefined });
    for (let n = 0; n < 3; n++) await watcher.source.list();
    const lines = await watcher.warned('node-without-address');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.msg).toContain(`${scene.network}, ${second}`);
    scene.settings = { ...settings, network: scene.network };
    expect(await addressOf(id)).toBe(only);
    await watcher.sees(id, { phase: 'ready' });
  });

  test('a port of its own comes by label', async () => {
    const id = await scene.run([
      '--network',
      scene.network,
      '-l',
      'wscluster.io/port=9191',
      '-e',
      'WSCLUSTER_LISTEN=:9191',
    ]);
    await watcher.sees(id, { phase: 'ready' });
    expect(await addressOf(id)).toMatch(/:9191$/);
  });

  test('on the network of the host it is the host, and of two with one address the first has it', async () => {
    const port = String(await freePort());
    const args = ['--network', 'host', '-l', `wscluster.io/port=${port}`, '-e', `WSCLUSTER_LISTEN=:${port}`];
    const first = await scene.run(args);
    await watcher.sees(first, { phase: 'ready', address: `127.0.0.1:${port}` });
    const second = await scene.run(args, ['sleep', '600']);
    await watcher.sees(second, { phase: 'starting', address: undefined });
    const [line] = await watcher.warned('node-address-taken');
    expect(line).toMatchObject({ node: second });
    await scene.docker('rm', '-f', first);
    await watcher.sees(second, { address: `127.0.0.1:${port}` });
    expect(watcher.warnings).toHaveLength(1);
  });
});

describe('by published ports', () => {
  beforeEach(() => {
    scene.settings = { ...scene.settings, addressFrom: 'publishedPort' };
  });

  test('nodes that it creates are published on loopback only, each on a port of its own', async () => {
    const ids = await Promise.all([watcher.source.create(), watcher.source.create()]);
    for (const id of ids) await watcher.sees(id, { phase: 'ready' });
    const addresses = await Promise.all(ids.map(addressOf));
    expect(new Set(addresses).size).toBe(2);
    for (const address of addresses) {
      expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
      expect(await answersAt(address)).toBe(200);
    }
    const bound = await scene.docker('inspect', '-f', '{{json .NetworkSettings.Ports}}', ...ids);
    expect(bound.match(/"HostIp":"[^"]*"/g)).toEqual(Array(2).fill('"HostIp":"127.0.0.1"'));
  });

  test("somebody else's container needs a published port; one without says what to do, and is a node once it has one", async () => {
    const [bare, published] = [
      await scene.run(),
      await scene.run(['--network', scene.network, '-p', '127.0.0.1::8080']),
    ];
    await watcher.sees(published, { phase: 'ready' });
    await watcher.sees(bare, { phase: 'starting', address: undefined });
    const [line] = await watcher.warned('node-without-address');
    expect(line).toMatchObject({ node: bare, action: expect.stringContaining('-p 8080') });
    scene.settings = { ...scene.settings, addressFrom: 'network' };
    await watcher.source.list();
    await watcher.sees(bare, { phase: 'ready' });
  });
});
