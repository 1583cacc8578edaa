import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { nacosInstances } from '../brokers/support/agreement.ts';
import { tour } from '../dashboard/support/tour.ts';
import { Client } from '../e2e/support/client.ts';
import { Crowd } from '../e2e/support/crowd.ts';
import { SteadyCrowd } from '../e2e/support/steady-crowd.ts';
import type { Owners } from '../e2e/support/system.ts';
import { until } from '../e2e/support/wait.ts';
import { Scene } from './support/scene.ts';

const CLIENTS = 300;
/** A busy machine is not to make a node lost, nor to leave its place to others before it is back. */
const PATIENT = { unreadyGraceSeconds: 120, replacementSeconds: 120 };
/** Installing builds images, and starts all of it. */
const UP_MS = 600_000;

describe('the sample on a real cluster, with 300 clients through the Service of the gateways', () => {
  let scene: Scene;
  let crowd: Crowd;
  /** Sessions of each client when the test began. */
  let sessions: ReadonlyMap<string, number>;
  let ownerBefore: Owners;

  beforeAll(async () => {
    scene = await Scene.up();
    await scene.apply(({ spec }) => {
      spec.gateway = { replicas: 2, drainSeconds: 3 };
      // A third of it is what a replacement may take to get ready.
      spec.nodes.drainSeconds = 120;
      spec.rebalance = PATIENT;
    });
  }, UP_MS);
  afterAll(() => scene?.down(), UP_MS);
  afterEach(() => crowd?.stop());
  beforeEach(async () => {
    await scene.agreed((await scene.resource()).status?.nodes?.desired ?? 3);
    crowd = await Crowd.connect(scene, CLIENTS);
    ownerBefore = await scene.owners();
    sessions = new Map(crowd.clients.map(({ key, sessions: all }) => [key, all.length]));
  });

  /** How often a client was sent away or cut off since the test began. */
  const moves = (client: Client) => client.sessions.length - (sessions.get(client.key) ?? 0);

  /** Every client is with its owner, only those whose owner changed have moved, and nobody else lost anything. */
  async function onlyChangedOwnersMoved({ atMost = 1 } = {}): Promise<void> {
    const ownerNow = await scene.owners();
    await until(
      'every client is with its owner',
      () => crowd.clients.every(({ key, node }) => node === ownerNow(key)),
      30_000,
    );
    const moved = crowd.keys((client) => moves(client) > 0);
    expect(moved).toEqual(crowd.keys(({ key }) => ownerBefore(key) !== ownerNow(key)));
    expect(crowd.keys((client) => moves(client) > atMost)).toEqual([]);
    expect(crowd.clients.flatMap(({ faults }) => faults)).toEqual([]);
  }

  const patchSpec = (spec: object) =>
    scene.kubectl('patch', 'wsc', 'chat', '--type=merge', `--patch=${JSON.stringify({ spec })}`);

  const onNode = (uid: string) => crowd.keys(({ key }) => ownerBefore(key) === uid);

  const onRing = async (uid: string) => (await scene.ring()).members.some(({ nodeId }) => nodeId === uid);

  async function aPod(): Promise<{ uid: string; name: string }> {
    const [entry] = await scene.pods();
    if (entry === undefined) throw new Error('there is no pod');
    return { uid: entry[0], name: entry[1] };
  }

  /** After a pod was lost: its clients alone moved, by a pod that has its place now. */
  async function onlyItsClientsMoved(uid: string, atMost: number): Promise<void> {
    await scene.agreed(3);
    const ownerNow = await scene.owners();
    await until(
      'every client is with its owner',
      () => crowd.clients.every(({ key, node }) => node === ownerNow(key)),
      30_000,
    );
    expect(crowd.keys((client) => moves(client) > 0)).toEqual(onNode(uid));
    expect(crowd.keys((client) => moves(client) > atMost)).toEqual([]);
    expect(crowd.keys(({ key }) => ownerBefore(key) !== ownerNow(key))).toEqual(onNode(uid));
  }

  test('the dashboard shows the pods, and clients in the page are with their owners', async () => {
    const nodes = [...(await scene.pods()).keys()];
    const shown = await tour({ ...scene.dashboard, nodes, name: 'kubernetes' });
    const owners = await scene.owners();
    expect(shown.filter(({ key, node }) => node !== owners(key))).toEqual([]);
  });

  test('kubectl shows what there is', async () => {
    const [head = '', line = ''] = (await scene.kubectl('get', 'wsc', 'chat')).split('\n');
    expect(
      head
        .split(/\s+/)
        .filter(Boolean)
        .map((word) => word.toLowerCase()),
    ).toEqual(expect.arrayContaining(['name', 'desired', 'ready', 'gateways', 'revision', 'age']));
    expect(line).toMatch(/^chat\s+3\s+3\s+2\s+\d+\.\d+\s+True/);
  });

  test('scaled to six by kubectl scale, and to two by an edit: each time only the changed owners move', async () => {
    await scene.kubectl('scale', 'wsc', 'chat', '--replicas=6');
    await scene.agreed(6);
    // The three came one after the other.
    await onlyChangedOwnersMoved({ atMost: 3 });
    ownerBefore = await scene.owners();
    sessions = new Map(crowd.clients.map(({ key, sessions: all }) => [key, all.length]));
    await scene.kubectl('patch', 'wsc', 'chat', '--type=merge', '--patch={"spec":{"nodes":{"replicas":2}}}');
    await scene.agreed(2);
    await onlyChangedOwnersMoved();
    // As an autoscaler does.
    const scale = '/apis/wscluster.io/v1alpha1/namespaces/wscluster-dev/wsclusters/chat/scale';
    expect(JSON.parse(await scene.kubectl('get', '--raw', scale))).toMatchObject({
      spec: { replicas: 2 },
      status: { replicas: 2, selector: expect.stringContaining('wscluster.io/cluster=chat') },
    });
    await scene.kubectl(
      'patch',
      'wsc',
      'chat',
      '--subresource=scale',
      '--type=merge',
      '--patch={"spec":{"replicas":3}}',
    );
    await scene.agreed(3);
  }, 480_000);

  test('a pod that is deleted serves until its clients have moved, once, to the pod that takes its place', async () => {
    const { uid, name } = await aPod();
    await scene.kubectl('delete', 'pod', name, '--wait=false');
    await until('it is not on the ring', async () => !(await onRing(uid)), 120_000);
    await onlyItsClientsMoved(uid, 1);
    expect(crowd.clients.flatMap(({ faults }) => faults)).toEqual([]);
  }, 480_000);

  test('a pod that is deleted by force: its clients alone are served elsewhere, and then by its replacement', async () => {
    const { uid, name } = await aPod();
    await scene.kubectl('delete', 'pod', name, '--grace-period=0', '--force');
    await until('it is not on the ring', async () => !(await onRing(uid)), 120_000);
    await onlyItsClientsMoved(uid, 3);
  }, 480_000);

  test('a container that crashes is started again in its pod: its clients alone are cut off, and most come back to it', async () => {
    const { uid, name } = await aPod();
    for (const pid of await scene.cluster.containerPids(scene.installed.namespace, name)) process.kill(pid, 'SIGKILL');
    await until('its clients are cut off', () => crowd.keys((client) => moves(client) > 0).length > 0, 30_000);
    // Before the crash is known, all still agree on the ring that was.
    await until('it is ready again', () => scene.isReadyAgain(name), 60_000);
    await scene.agreed(3);
    await until(
      'every client is with its owner',
      async () => {
        const ownerNow = await scene.owners();
        return crowd.clients.every(({ key, node }) => node === ownerNow(key));
      },
      30_000,
    );
    expect(crowd.keys((client) => moves(client) > 0)).toEqual(onNode(uid));
    const back = onNode(uid).filter((key) => crowd.clients.some((client) => client.key === key && client.node === uid));
    // Its share is chosen by the connections that gateways have counted when it is back, so not all of them come back.
    expect(back.length).toBeGreaterThan(0.7 * onNode(uid).length);
  }, 480_000);

  test('a pod that fails its readiness for longer than the grace time has no slots, and then its share again', async () => {
    const { uid, name } = await aPod();
    const pids = await scene.processes(name);
    await patchSpec({ rebalance: { unreadyGraceSeconds: 5 } });
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    try {
      await until('it has no slots', async () => !(await onRing(uid)), 120_000);
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
      await patchSpec({ rebalance: PATIENT });
    }
    await scene.agreed(3);
    const ownerNow = await scene.owners();
    await until(
      'every client is with its owner',
      () => crowd.clients.every(({ key, node }) => node === ownerNow(key)),
      30_000,
    );
    expect(crowd.keys((client) => moves(client) > 0).filter((key) => ownerBefore(key) !== uid)).toEqual([]);
  }, 480_000);

  test('a changed template replaces the pods one by one, and each client moves once', async () => {
    const old = await scene.pods();
    await scene.kubectl(
      ...['patch', 'wsc', 'chat', '--type=merge'],
      '--patch={"spec":{"nodes":{"template":{"metadata":{"annotations":{"example.com/build":"2"}}}}}}',
    );
    await until(
      'all pods are new',
      async () => [...(await scene.pods()).keys()].every((uid) => !old.has(uid)),
      300_000,
      200,
    );
    await scene.agreed(3);
    const ownerNow = await scene.owners();
    await until(
      'every client is with its owner',
      () => crowd.clients.every(({ key, node }) => node === ownerNow(key)),
      30_000,
    );
    expect(crowd.clients.map(moves)).toEqual(crowd.clients.map(() => 1));
    expect(crowd.clients.flatMap(({ faults }) => faults)).toEqual([]);
  }, 480_000);

  test('with rebalance.mode migrate five pods are replaced, and 1,000 clients notice nothing', async () => {
    crowd.stop();
    await patchSpec({ nodes: { replicas: 5 }, rebalance: { mode: 'migrate' } });
    await scene.agreed(5);
    const old = await scene.pods();
    const steady = await SteadyCrowd.connect(scene, { size: 1_000, perSecond: 60 });
    try {
      await patchSpec({ nodes: { template: { metadata: { annotations: { 'example.com/build': 'migrate' } } } } });
      const allAreNew = async () => [...(await scene.pods()).keys()].every((uid) => !old.has(uid));
      await until('all pods are new', allAreNew, 240_000, 200);
      await scene.agreed(5);
      await steady.atTheirOwners(scene);
      expect(await steady.noticed()).toEqual([]);
    } finally {
      steady.stop();
      await patchSpec({ nodes: { replicas: 3 }, rebalance: { mode: 'reconnect' } });
    }
    await scene.agreed(3);
  }, 400_000);

  test('gateways are replaced: every client is back, with the same owner', async () => {
    const old = await scene.pods('gateway');
    await scene.kubectl('delete', 'pods', '--selector=wscluster.io/role=gateway', '--wait=false');
    await until(
      'all gateways are new',
      async () => {
        const now = [...(await scene.pods('gateway')).keys()];
        return now.length === 2 && now.every((uid) => !old.has(uid));
      },
      60_000,
    );
    await scene.agreed(3);
    await crowd.allConnected(30_000);
    const ownerNow = await scene.owners();
    expect(crowd.keys(({ key }) => ownerBefore(key) !== ownerNow(key))).toEqual([]);
    expect(crowd.keys(({ key, node }) => ownerNow(key) !== node)).toEqual([]);
  }, 480_000);

  test("the leader's pod is killed: the other one leads and moves nothing", async () => {
    const leader = (await scene.installed.leader()) ?? '';
    const { epoch } = (await scene.ring()).revision;
    await scene.cluster.kubectl(
      'delete',
      'pod',
      leader,
      `--namespace=${scene.installed.system}`,
      '--grace-period=0',
      '--force',
    );
    await until(
      'another one leads',
      async () => {
        const ring = await scene.ring().catch(() => undefined);
        return (ring?.revision.epoch ?? 0) > epoch;
      },
      90_000,
    );
    await scene.agreed(3);
    await onlyChangedOwnersMoved();
    expect(crowd.keys((client) => moves(client) > 0)).toEqual([]);
  }, 480_000);

  test('of two evictions at once, as kubectl drain asks for, one is refused until its node is replaced', async () => {
    const [first, second] = [...(await scene.pods())];
    if (first === undefined || second === undefined) throw new Error('two pods are needed');
    await scene.evict(first[1]);
    await expect(scene.evict(second[1])).rejects.toThrow(/disruption budget/);
    await until('it is not on the ring', async () => !(await onRing(first[0])), 120_000);
    await onlyItsClientsMoved(first[0], 1);
    await until(
      'the other one may go now',
      () =>
        scene.evict(second[1]).then(
          () => true,
          () => false,
        ),
      30_000,
      500,
    );
    await until('it is not on the ring', async () => !(await onRing(second[0])), 120_000);
    await scene.agreed(3);
  }, 480_000);

  test('the API server away for longer than the lease: traffic and newcomers go on, and it catches up', async () => {
    await scene.cluster.stopApi();
    const late = Array.from({ length: 20 }, (_, n) => new Client(`late-${n}`, scene.clientUrls(`late-${n}`)));
    try {
      await until('newcomers are served', () => late.every((client) => client.connected));
      for (const client of late) expect(client.node).toBe(ownerBefore(client.key));
      const standsIn = async () => (await scene.api('GET', '')).text.includes('"reason":"StandingIn"');
      await until('its leader stands in', standsIn, 30_000, 100);
    } finally {
      for (const client of late) client.stop();
      await scene.cluster.startApi();
    }
    await scene.agreed(3);
    expect(crowd.keys((client) => moves(client) > 0)).toEqual([]);
    await scene.kubectl('scale', 'wsc', 'chat', '--replicas=4');
    await scene.agreed(4);
    await onlyChangedOwnersMoved();
    await scene.kubectl('scale', 'wsc', 'chat', '--replicas=3');
    await scene.agreed(3);
  }, 480_000);

  test('deleted while Nacos is down it says so and waits; when Nacos is back, nothing is left', async () => {
    crowd.stop();
    await scene.kubectl('scale', 'deployment', 'nacos', '--replicas=0');
    await until(
      'Nacos is gone',
      async () => !(await scene.kubectl('get', 'pods', '--output=name')).includes('nacos'),
      60_000,
    );
    await scene.kubectl('delete', 'wsc', 'chat', '--wait=false');
    // The registry's own sync says that Nacos is away first, and what that means for the deletion follows.
    await until(
      'the condition and an Event say so',
      async () => {
        const { status } = await scene.resource();
        const said = status?.conditions?.some(({ message }) => message.includes('cannot be deleted yet')) === true;
        return said && /Warning .*cannot be deleted yet/.test(await scene.kubectl('describe', 'wsc', 'chat'));
      },
      30_000,
      500,
    );
    await scene.kubectl('scale', 'deployment', 'nacos', '--replicas=1');
    await scene.kubectl('wait', '--for=delete', 'wsc/chat', '--timeout=240s');
    await until(
      'no pod of it is left',
      async () => (await scene.pods()).size + (await scene.pods('gateway')).size === 0,
      90_000,
    );
    expect(await nacosInstances(scene.installed.nacos, 'chat')).toEqual([]);
  }, 300_000);
});
