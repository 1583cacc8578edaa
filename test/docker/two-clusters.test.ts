import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agreed } from '../brokers/support/agreement.ts';
import { allCounted } from '../e2e/support/counted.ts';
import { Crowd } from '../e2e/support/crowd.ts';
import type { System } from '../e2e/support/system.ts';
import { until } from '../e2e/support/wait.ts';
import { Neighbours } from './support/neighbours.ts';
import { openRingTap, type RingTap } from './support/ring-tap.ts';
import { useSite } from './support/site.ts';
import { tracesOf } from './support/traces.ts';
import { allWithOwners } from './support/where-clients-are.ts';

const MANAGED = 2;

describe('two clusters under one controller, with one RabbitMQ, Redis, Nacos and Docker engine', () => {
  const site = useSite();
  let count = 0;
  let neighbours: Neighbours;
  let busy: System;
  let quiet: System;
  let crowds: Crowd[];
  let tap: RingTap | undefined;

  beforeEach(async () => {
    crowds = [];
    count++;
    // The one's name begins with the other's: nothing may go by prefixes.
    const names = [`shop-${count}`, `shop-${count}-two`];
    const options = names.map((name) => ({ name, nodes: MANAGED, gateways: 1, drainSeconds: 5 }));
    neighbours = await Neighbours.begin(site(), options);
    [busy, quiet] = neighbours.systems as [System, System];
    await site().run(quiet.name);
    await Promise.all([busy.settled(MANAGED), quiet.settled(MANAGED + 1)]);
    for (const system of neighbours.systems) {
      await agreed(system, site().nacos);
      crowds.push(await Crowd.connect(system, 60));
    }
    await allCounted(quiet, 60);
  });
  afterEach(async () => {
    for (const crowd of crowds) crowd.stop();
    await tap?.close();
    tap = undefined;
    await neighbours?.stop();
  });

  test('nodes added, killed and drained of the one leave no trace in the other', async () => {
    const [busyCrowd, quietCrowd] = crowds as [Crowd, Crowd];
    tap = await openRingTap(site().brokers.rabbitmqUrl, quiet.name);
    const before = await tracesOf(quiet, site());

    const added = await busy.addNode();
    await busy.settled(MANAGED + 1);
    const { members } = await busy.ring();
    const killed = members.find(({ nodeId }) => nodeId !== added);
    expect((await busy.api('DELETE', `/nodes/${killed?.nodeId}?mode=kill`)).status).toBe(202);
    await until('it is replaced', async () =>
      (await busy.ring()).members.some((m) => m.ringId === killed?.ringId && m.nodeId !== killed.nodeId),
    );
    await busy.settled(MANAGED + 1);
    expect((await busy.api('DELETE', `/nodes/${added}`)).status).toBe(202);
    await until('it is off the ring', async () => (await busy.ring()).members.length === MANAGED);
    await busy.settled(MANAGED);
    await agreed(busy, site().nacos);
    await allWithOwners(busyCrowd, await busy.owners());

    expect(await tracesOf(quiet, site())).toEqual(before);
    expect(tap.types.length).toBeGreaterThan(5);
    expect(new Set(tap.types)).toEqual(new Set(['heartbeat']));
    expect(quietCrowd.closes).toEqual([]);
    expect(await quietCrowd.quiet()).toEqual([]);
    // Each has its own, and nothing of the other's: neither may touch a node of the other.
    const [own = []] = [(await busy.nodes()).map(({ id }) => id)];
    expect((await quiet.nodes()).filter(({ id }) => own.includes(id))).toEqual([]);
    const [first = ''] = own;
    expect((await quiet.api('DELETE', `/nodes/${first}?mode=kill`)).status).toBe(404);
  });

  test('the one taken away from the controller: the other one goes on as before, and the clients of both notice nothing', async () => {
    const before = await tracesOf(quiet, site());
    const abandoned = await tracesOf(busy, site());
    await neighbours.restartWithout(busy.name);
    await quiet.settled(MANAGED + 1);
    await agreed(quiet, site().nacos);
    const after = await tracesOf(quiet, site());
    expect([after.ring.table, after.containers]).toEqual([before.ring.table, before.containers]);
    expect((await busy.api('GET', '')).status).toBe(404);
    const format = await site().docker('ps', '--quiet', '--filter', `label=wscluster.io/cluster=${busy.name}`);
    expect(format.split('\n')).toHaveLength(abandoned.containers.split('\n').length);
    for (const crowd of crowds) {
      expect(crowd.closes).toEqual([]);
      expect(await crowd.quiet()).toEqual([]);
    }
  });
});
