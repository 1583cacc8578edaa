import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Crowd } from '../e2e/support/crowd.ts';
import { until } from '../e2e/support/wait.ts';
import { Scene } from './support/scene.ts';

const UP_MS = 600_000;
const ELSEWHERE = 'another-team';

/** What is done to a cluster at work that moves nobody. */
describe('while 100 clients are connected in each of two namespaces', () => {
  let scene: Scene;
  let other: Scene;
  let crowds: Crowd[] = [];

  beforeAll(async () => {
    scene = await Scene.up();
    other = scene.in(ELSEWHERE);
    await scene.apply();
    await scene.cluster.kubectl('create', 'namespace', ELSEWHERE);
    await copySecret();
    await other.apply();
  }, UP_MS);
  afterAll(() => scene?.down(), UP_MS);

  beforeEach(async () => {
    await Promise.all([scene.agreed(3), other.agreed(3)]);
    crowds = [await Crowd.connect(scene, 100), await Crowd.connect(other, 100)];
  });
  afterEach(() => {
    for (const crowd of crowds) crowd.stop();
  });

  /** The Secret of the brokers, for another namespace too. */
  async function copySecret(): Promise<void> {
    const secret = JSON.parse(await scene.kubectl('get', 'secret', 'wscluster-brokers', '--output=json')) as {
      data: Record<string, string>;
    };
    await scene.cluster.apply({
      ...{ apiVersion: 'v1', kind: 'Secret', data: secret.data },
      metadata: { name: 'wscluster-brokers', namespace: ELSEWHERE },
    });
  }

  async function nobodyMoved(): Promise<void> {
    for (const crowd of crowds) {
      expect(await crowd.quiet()).toEqual([]);
      expect(crowd.closes).toEqual([]);
    }
  }

  test('clusters of one name in two namespaces have nodes, rings and entries in Nacos of their own', async () => {
    const nodes = await Promise.all([scene.nodes(), other.nodes()]);
    expect(new Set(nodes.flat().map(({ id }) => id)).size).toBe(6);
    for (const [index, where] of [scene, other].entries()) {
      const owners = await where.owners();
      for (const { key, node } of crowds[index]?.clients ?? []) expect(node).toBe(owners(key));
    }
    await scene.kubectl('scale', 'wsc', 'chat', '--replicas=4');
    await scene.agreed(4);
    await scene.kubectl('scale', 'wsc', 'chat', '--replicas=3');
    await scene.agreed(3);
    expect(crowds[0]?.closes).not.toEqual([]);
    expect(crowds[1]?.closes).toEqual([]);
    await other.agreed(3);
  }, 180_000);

  test('the controllers are rolled: nobody moves, and the one that leads then knows both', async () => {
    const old = await scene.installed.controllers();
    const system = `--namespace=${scene.installed.system}`;
    await scene.cluster.kubectl('rollout', 'restart', 'deployment/wscluster-controller', system);
    await scene.cluster.kubectl('rollout', 'status', 'deployment/wscluster-controller', system, '--timeout=120s');
    await until(
      'a new one leads',
      async () => {
        const leader = await scene.installed.leader();
        return leader !== undefined && !old.includes(leader);
      },
      30_000,
    );
    await Promise.all([scene.agreed(3), other.agreed(3)]);
    await nobodyMoved();
  }, 240_000);

  test('a Secret that is rotated reaches gateways, nodes and controllers, and nobody is cut off', async () => {
    const ctl = (...args: string[]) => scene.kubectl('exec', 'deployment/rabbitmq', '--', 'rabbitmqctl', '-q', ...args);
    const url = Buffer.from(
      await scene.kubectl('get', 'secret', 'wscluster-brokers', '--output=jsonpath={.data.rabbitmq-url}'),
      'base64',
    );
    const rotated = new URL(url.toString());
    const former = rotated.username;
    [rotated.username, rotated.password] = ['rotated', 'another-password'];
    await ctl('add_user', rotated.username, rotated.password);
    await ctl('set_permissions', rotated.username, '.*', '.*', '.*');
    const connections = async () => {
      const lines = (await ctl('list_connections', '-s', 'user')).split('\n').filter(Boolean);
      return { former: lines.filter((user) => user === former).length, rotated: lines.length };
    };
    const before = await connections();
    const data = JSON.stringify({ stringData: { 'rabbitmq-url': rotated.href } });
    for (const where of [scene, other])
      await where.kubectl('patch', 'secret', 'wscluster-brokers', '--type=merge', `--patch=${data}`);
    // Kubelet brings a changed Secret into a running pod within about a minute and a half.
    await until('nobody uses the former credentials', async () => (await connections()).former === 0, 180_000, 1000);
    await ctl('delete_user', former);
    expect((await connections()).rotated).toBe(before.rotated);
    await scene.kubectl('scale', 'wsc', 'chat', '--replicas=4');
    await scene.agreed(4);
    await other.agreed(3);
    expect(crowds[1]?.closes).toEqual([]);
    expect(crowds[0]?.closes.length).toBeLessThan(60);
    await scene.kubectl('scale', 'wsc', 'chat', '--replicas=3');
    await scene.agreed(3);
    for (const crowd of crowds) expect(await crowd.quiet()).toEqual([]);
  }, 360_000);
});
