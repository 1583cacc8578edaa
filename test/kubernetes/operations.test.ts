import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Crowd } from '../e2e/support/crowd.ts';
import { until } from '../e2e/support/wait.ts';
import { RecipeInImage } from '../recipes/support/recipe-in-image.ts';
import { type Manifest, Scene } from './support/scene.ts';

const UP_MS = 600_000;
const ELSEWHERE = 'another-team';
/** The node has little left beside the clusters of the two namespaces. */
const LITTLE = { requests: { cpu: '10m', memory: '32Mi' } };
/** A pod of a busy machine may not answer for a while, and is not to be given up for it. */
const patiently = ({ spec }: Manifest) => {
  spec.rebalance = { unreadyGraceSeconds: 120 };
};
const RECIPES = [new RecipeInImage('socket.io'), new RecipeInImage('y-websocket')];

/** What is done to a cluster at work that moves nobody. */
describe('while 100 clients are connected in each of two namespaces', () => {
  let scene: Scene;
  let other: Scene;
  let crowds: Crowd[] = [];

  beforeAll(async () => {
    scene = await Scene.up((engine) => Promise.all(RECIPES.map((recipe) => recipe.build(engine))));
    await scene.apply(patiently);
    other = await sceneIn(ELSEWHERE);
    await other.apply(patiently);
  }, UP_MS);
  afterAll(() => scene?.down(), UP_MS);

  beforeEach(async () => {
    await Promise.all([scene.agreed(3), other.agreed(3)]);
    crowds = [await Crowd.connect(scene, 100), await Crowd.connect(other, 100)];
  });
  afterEach(() => {
    for (const crowd of crowds) crowd.stop();
  });

  /** In a new namespace, which gets the Secret of the brokers. */
  async function sceneIn(namespace: string): Promise<Scene> {
    await scene.cluster.kubectl('create', 'namespace', namespace);
    const secret = JSON.parse(await scene.kubectl('get', 'secret', 'wscluster-brokers', '--output=json')) as {
      data: Record<string, string>;
    };
    await scene.cluster.apply({
      ...{ apiVersion: 'v1', kind: 'Secret', data: secret.data },
      metadata: { name: 'wscluster-brokers', namespace },
    });
    return scene.in(namespace);
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
    await until('all are connected', async () => (await connections()).rotated === before.rotated, 60_000, 1000);
    await scene.kubectl('scale', 'wsc', 'chat', '--replicas=4');
    await scene.agreed(4);
    await other.agreed(3);
    expect(crowds[1]?.closes).toEqual([]);
    expect(crowds[0]?.closes.length).toBeLessThan(60);
    await scene.kubectl('scale', 'wsc', 'chat', '--replicas=3');
    await scene.agreed(3);
    for (const crowd of crowds) expect(await crowd.quiet()).toEqual([]);
  }, 600_000);

  test('socket.io and y-websocket run unmodified, each in a namespace of its own: a pod is deleted, and its clients alone move', async () => {
    await Promise.all(RECIPES.map((recipe) => podDeletedUnder(recipe)));
    await nobodyMoved();
  }, 600_000);

  async function podDeletedUnder(recipe: RecipeInImage): Promise<void> {
    const its = await sceneIn(`recipe-${recipe.name.replace('.', '-')}`);
    await its.apply((manifest) => {
      patiently(manifest);
      const { spec } = manifest;
      const [container] = spec.nodes.template.spec.containers;
      container.image = recipe.tag;
      delete container.readinessProbe;
      container.resources = LITTLE;
      spec.gateway = { replicas: 2, resources: LITTLE };
      spec.routing.routes = recipe.routes;
    });
    await its.agreed(3);
    const [[uid, pod] = ['', '']] = await its.pods();
    const { told } = await recipe.through(its, its.address, async () => {
      await its.kubectl('delete', 'pod', pod, '--wait=false');
      const isOnRing = async () => (await its.ring()).members.some(({ nodeId }) => nodeId === uid);
      await until('it has no slots', async () => !(await isOnRing()), 180_000);
      await its.agreed(3);
    });
    expect(told).toEqual([recipe.told]);
    await its.kubectl('delete', 'wsc', 'chat');
  }
});
