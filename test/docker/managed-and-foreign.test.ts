import { SLOTS } from '@wscluster/ring';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agreed } from '../brokers/support/agreement.ts';
import { allCounted } from '../e2e/support/counted.ts';
import { Crowd } from '../e2e/support/crowd.ts';
import { type NodeView, type Owners, System } from '../e2e/support/system.ts';
import { until } from '../e2e/support/wait.ts';
import { onSite, useSite } from './support/site.ts';
import { allWithOwners, changedKeys } from './support/where-clients-are.ts';

describe('two managed containers and two of somebody else', () => {
  const site = useSite();
  let count = 0;
  let system: System;
  let crowd: Crowd;
  let foreign: string[];

  beforeEach(async () => {
    const name = `mixed-${++count}`;
    const { docker, run } = site();
    system = await System.begin(
      onSite(site(), {
        ...{ name, nodes: 2, drainSeconds: 10 },
        controllerEnv: { WSCLUSTER_LOCK_SECONDS: '10' },
        nodeSettings: { env: { WSCLUSTER_LINGER_SECONDS: '1' } },
      }),
    );
    foreign = await Promise.all([1, 2].map(() => run(name, '-e', 'WSCLUSTER_DRAIN_SECONDS=10')));
    await system.settled(4);
    crowd = await Crowd.connect(system, 200);
    await allCounted(system, 200);
    expect(await docker('ps', '-q')).toMatch(/^(\w{12}\n){3}\w{12}$/);
  });
  afterEach(async () => {
    crowd?.stop();
    await system?.stop();
  });

  const managed = async (): Promise<NodeView[]> =>
    (await system.nodes()).filter(({ id, state }) => !foreign.includes(id) && state !== 'draining');
  const isRunning = async (id: string) =>
    (await site().docker('inspect', '--format', '{{.State.Running}}', id)) === 'true';
  const exitCode = (id: string) => site().docker('inspect', '--format', '{{.State.ExitCode}}', id);

  /**
   * What holds after each change: gateways and Nacos agree, and those clients have moved whose owner is another now.
   */
  async function settledSince(before: Owners, nodes: number): Promise<void> {
    await system.settled(nodes);
    await agreed(system, site().nacos);
    const after = await system.owners();
    await allWithOwners(crowd, after);
    expect(crowd.keys((client) => client.closes.length > 0)).toEqual(changedKeys(crowd, before, after));
    expect(await Promise.all(foreign.map(isRunning))).toEqual([true, true]);
  }

  test('one more by POST /nodes, drained again by DELETE: those clients alone move there and away again', async () => {
    const before = await system.owners();
    const id = await system.addNode();
    await until('the node is on the ring', async () => (await system.ring()).members.some((m) => m.nodeId === id));
    await settledSince(before, 5);
    const moved = crowd.keys(({ closes }) => closes.length > 0);
    expect(moved.length).toBeGreaterThan(10);

    expect((await system.api('DELETE', `/nodes/${id}`)).status).toBe(202);
    await until('it has ended', async () => !(await isRunning(id)), 20_000);
    expect(await exitCode(id)).toBe('0');
    await system.settled(4);
    await agreed(system, site().nacos);
    await allWithOwners(crowd, await system.owners());
    expect(crowd.keys(({ closes }) => closes.length > 0)).toEqual(moved);
    expect(crowd.closes.map(({ code }) => code)).toEqual(moved.flatMap(() => [1012, 1012]));
    expect(await crowd.quiet()).toEqual([]);
  });

  test('kill of a managed one, and docker rm -f of one: each is replaced under its ring id; of a foreign one: it is not', async () => {
    const { docker } = site();
    const owners = await system.owners();
    const [first, second] = await managed();
    for (const [victim, end] of [
      [first, (id: string) => system.api('DELETE', `/nodes/${id}?mode=kill`)],
      [second, (id: string) => docker('rm', '-f', id)],
    ] as const) {
      if (victim === undefined) throw new Error('there are no two managed nodes');
      await end(victim.id);
      await until('another one has its ring id', async () =>
        (await system.ring()).members.some((m) => m.ringId === victim.ringId && m.nodeId !== victim.id),
      );
      await system.settled(4);
    }
    await agreed(system, site().nacos);
    const { members } = await system.ring();
    expect(members.map(({ slots }) => slots)).toEqual([1, 2, 3, 4].map(() => SLOTS / 4));
    await allWithOwners(crowd, await system.owners());
    const lost = new Set([first?.id, second?.id]);
    expect(crowd.keys(({ closes }) => closes.length > 0)).toEqual(crowd.keys(({ key }) => lost.has(owners(key))));

    const [theirs = ''] = foreign;
    expect((await system.api('DELETE', `/nodes/${theirs}?mode=kill`)).status).toBe(202);
    await system.settled(3);
    expect(await isRunning(theirs)).toBe(false);
    expect(await managed()).toHaveLength(2);
    await agreed(system, site().nacos);
    await allWithOwners(crowd, await system.owners());
    expect(await crowd.quiet()).toEqual([]);
  });

  test('scaled down to none: the managed ones end, and the foreign ones serve everybody', async () => {
    const before = await system.owners();
    const ids = (await managed()).map(({ id }) => id);
    expect((await system.patch({ nodes: { replicas: 0 } })).status).toBe(200);
    await until('they have ended', async () => !(await Promise.all(ids.map(isRunning))).includes(true), 30_000);
    await settledSince(before, 2);
    expect((await system.ring()).members.map(({ nodeId }) => nodeId).sort()).toEqual([...foreign].sort());

    // Asked to leave, one of somebody else's gives its clients away, and is not stopped.
    const [theirs = ''] = foreign;
    expect((await system.api('DELETE', `/nodes/${theirs}`)).status).toBe(202);
    await until(
      'it has no slots',
      async () => !(await system.ring()).members.some((m) => m.nodeId === theirs && m.slots > 0),
      20_000,
    );
    await allWithOwners(crowd, await system.owners());
    await until(
      'it serves nobody',
      async () => (await system.nodes()).find(({ id }) => id === theirs)?.connections === 0,
    );
    expect(await isRunning(theirs)).toBe(true);
    expect(await crowd.quiet()).toEqual([]);
  });

  test('kill -9 of the controller in the middle of a drain: the next one finishes it', async () => {
    // A pace at which the drain takes some seconds.
    expect((await system.patch({ rebalance: { maxConnectionsPerSecond: 10 } })).status).toBe(200);
    const before = await system.owners();
    const [victim] = await managed();
    if (victim === undefined) throw new Error('there is no managed node');
    expect((await system.api('DELETE', `/nodes/${victim.id}`)).status).toBe(202);
    const slots = async () => (await system.ring()).members.find(({ nodeId }) => nodeId === victim.id)?.slots ?? 0;
    let left = victim.slots;
    await until('some of its slots have left', async () => {
      left = await slots();
      return left < victim.slots;
    });
    expect(left).toBeGreaterThan(0);
    await system.controller.end('SIGKILL');
    system.startController();
    await until('it leads', () => system.controller.has('leading'));
    await until('the node has ended', async () => !(await isRunning(victim.id)), 30_000);
    expect(await exitCode(victim.id)).toBe('0');
    await settledSince(before, 3);
    expect(await managed()).toHaveLength(1);
    expect(new Set(crowd.closes.map(({ code }) => code))).toEqual(new Set([1012]));
    expect(crowd.clients.every(({ closes }) => closes.length <= 1)).toBe(true);
    expect(await crowd.quiet()).toEqual([]);
  });
});
