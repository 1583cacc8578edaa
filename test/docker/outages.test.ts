import { describe, expect, test } from 'vitest';
import { agreed } from '../brokers/support/agreement.ts';
import { Client } from '../e2e/support/client.ts';
import type { Owners } from '../e2e/support/system.ts';
import { useCrowd } from '../e2e/support/use-crowd.ts';
import { until } from '../e2e/support/wait.ts';
import { onSite, useSite } from './support/site.ts';
import { allWithOwners, hostNameOf } from './support/where-clients-are.ts';

/** After an outage everything agrees within this time, ms. */
const RECOVERY_MS = 60_000;

describe('with 300 clients of three containers, the Docker engine', () => {
  const site = useSite();
  let count = 0;
  const started = useCrowd(300, () => onSite(site(), { nodes: 3, name: `away-${++count}` }));

  async function condition(type: string): Promise<string> {
    const { status } = JSON.parse((await started().system.api('GET', '')).text) as {
      status: { conditions: { type: string; status: string; reason: string }[] };
    };
    const found = status.conditions.find((one) => one.type === type);
    return `${found?.status} ${found?.reason}`;
  }

  async function newcomersAreServed(owners: Owners): Promise<void> {
    const { system } = started();
    const late = Array.from({ length: 20 }, (_, n) => new Client(`late-${n}`, system.clientUrls(`late-${n}`), n));
    try {
      await until('newcomers are connected', () => late.every((client) => client.connected));
      for (const client of late) {
        expect(client.node).toBe(hostNameOf(owners(client.key)));
        expect(client.failures).toBe(0);
      }
    } finally {
      for (const client of late) client.stop();
    }
  }

  async function wellAgain(): Promise<void> {
    await until(
      'the nodes are known again',
      async () => (await condition('BackendsAvailable')) === 'True AllReady',
      RECOVERY_MS,
    );
    await until(
      'events of the engine come again',
      () => started().system.controller.has('docker-reachable'),
      RECOVERY_MS,
    );
    await agreed(started().system, site().nacos, RECOVERY_MS);
  }

  test.each(['kill', 'stop'] as const)(
    'is away (%s): nobody notices, the status says it, and all is as before when it is back',
    async (end) => {
      const { system, crowd } = started();
      const { engine, nacos } = site();
      await agreed(system, nacos);
      const { table, revision } = await system.ring();
      const owners = await system.owners();
      const ids = (await system.nodes()).map(({ id }) => id).sort();

      await engine[end]();
      await until(
        'the status says it',
        async () => (await condition('BackendsAvailable')) === 'Unknown ReconcileFailed',
      );
      expect((await system.api('GET', '')).text).toContain(engine.host);
      await newcomersAreServed(owners);
      await engine.start();
      await wellAgain();

      const after = await system.ring();
      expect([after.revision, after.table]).toEqual([revision, table]);
      expect((await system.nodes()).map(({ id }) => id).sort()).toEqual(ids);
      expect(crowd.closes).toEqual([]);
      expect(await crowd.quiet()).toEqual([]);
      const said = (event: string) =>
        system.controller.lines.filter((line) => line.event === event).map(({ msg }) => String(msg));
      expect(
        ['docker-unreachable', 'docker-reachable', 'reconcile-recovered'].map((event) => said(event).length),
      ).toEqual([1, 1, 1]);
      // Once for each reason: one call may be broken off, and the next one refused.
      const reasons = said('reconcile-failed');
      expect(reasons.length).toBeGreaterThan(0);
      expect(reasons).toEqual([...new Set(reasons)]);
    },
  );

  test('is away while a container dies: that is noticed when it is back, and only its clients move', async () => {
    const { system, crowd } = started();
    const { engine, docker, nacos } = site();
    await agreed(system, nacos);
    const before = await system.owners();
    const { members, revision } = await system.ring();
    const [victim] = members;
    const lost = crowd.keys(({ key }) => before(key) === victim?.nodeId);
    const pid = Number(await docker('inspect', '--format', '{{.State.Pid}}', victim?.nodeId ?? ''));

    await engine.kill();
    process.kill(pid, 'SIGKILL');
    await until('its clients are cut off', () => crowd.closes.length >= lost.length);
    expect((await system.ring()).revision).toEqual(revision);
    await engine.start();
    await until(
      'its clients are served by others',
      () => crowd.clients.every((client) => client.connected),
      RECOVERY_MS,
    );
    await system.settled(3);
    await agreed(system, nacos, RECOVERY_MS);

    const after = await system.ring();
    const replaced = after.members.find(({ ringId }) => ringId === victim?.ringId);
    expect(replaced?.nodeId).not.toBe(victim?.nodeId);
    expect(after.members.map(({ ringId }) => ringId)).toEqual(members.map(({ ringId }) => ringId));
    await allWithOwners(crowd, await system.owners());
    expect(crowd.keys((client) => client.closes.length > 0)).toEqual(lost);
    expect(await crowd.quiet()).toEqual([]);
  });
});
