import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Client } from './support/client.ts';
import { useCrowd } from './support/use-crowd.ts';
import { until } from './support/wait.ts';

describe('with 300 clients on three nodes and two gateways', () => {
  const started = useCrowd(300, { nodes: 3, gateways: 2 });

  test('kill -9 of the controller: traffic and new connections go on, and after its restart no owner has changed', async () => {
    const { system, crowd } = started();
    const ring = await system.ring();
    const ownerBefore = await system.owners();
    await system.controller.end('SIGKILL');
    const late = Array.from({ length: 50 }, (_, n) => new Client(`late-${n}`, system.clientUrls(`late-${n}`), n));
    await until('new clients are connected', () => late.every((client) => client.connected));
    for (const client of late) expect(client.node).toBe(ownerBefore(client.key));

    system.startController();
    await system.settled(3);
    const after = await system.ring();
    expect(after.revision.epoch).toBeGreaterThan(ring.revision.epoch);
    expect(after.table).toEqual(ring.table);
    expect(after.members).toEqual(ring.members);
    for (const client of late) {
      expect(client.closes).toEqual([]);
      client.stop();
    }
    expect(crowd.closes).toEqual([]);
    expect(await crowd.quiet()).toEqual([]);
  });

  test('a node lost while the controller is down is replaced when it is back, and its clients alone move', async () => {
    const { system, crowd } = started();
    const ownerBefore = await system.owners();
    const [victim] = (await system.ring()).members;
    const lost = crowd.keys(({ key }) => ownerBefore(key) === victim?.nodeId);
    const pid = system.nodePid(victim?.nodeId ?? '');
    await system.controller.end('SIGKILL');
    process.kill(pid, 'SIGKILL');
    await until('its clients have lost their connection', () => crowd.closes.length === lost.length);

    system.startController();
    await system.settled(3);
    const ownerAfter = await system.owners();
    await until('every client is with its owner', () =>
      crowd.clients.every(({ key, node }) => node === ownerAfter(key)),
    );
    expect(crowd.keys((client) => client.closes.length > 0)).toEqual(lost);
    expect(await crowd.quiet()).toEqual([]);
  });

  test('kill -9 of a gateway: its clients reconnect through the other one to the same owners', async () => {
    const { system, crowd } = started();
    const owners = await system.owners();
    const port = system.gateways[0]?.port;
    const through = crowd.keys((client) => client.sessions.at(-1)?.url.includes(`:${port}/`) ?? false);
    await system.gateways[0]?.process.end('SIGKILL');
    await until('its clients have lost their connection', () => crowd.closes.length === through.length);
    await crowd.allConnected();
    expect(crowd.keys((client) => client.closes.length > 0)).toEqual(through);
    for (const { key, node } of crowd.clients) expect(node).toBe(owners(key));
    expect(await crowd.quiet()).toEqual([]);
  });

  test('a gateway that is stopped holds no rollout beyond its deadline, and catches up', async () => {
    const { system, crowd } = started();
    const stopped = system.gateways[0];
    const port = system.gateways[1]?.port;
    const live = crowd.keys((client) => client.sessions.at(-1)?.url.includes(`:${port}/`) ?? false);
    const ownerBefore = await system.owners();
    stopped?.process.signal('SIGSTOP');
    await system.addNode();
    // Clients of the live gateway are moved while the other one is still stopped.
    await until('the live gateway has moved its clients', () => crowd.closes.length > 0, 60_000);
    await until(
      'every client of the live gateway is told',
      async () => {
        const ownerAfter = await system.owners();
        const changed = live.filter((key) => ownerBefore(key) !== ownerAfter(key));
        return (
          changed.length > 0 &&
          changed.every((key) => crowd.clients.some((c) => c.key === key && c.closes.length === 1))
        );
      },
      60_000,
    );
    // It has missed all that it is waited for: three of its reports, and the acknowledgement of a ring.
    await until('the controller has given it up', () => system.controller.has('gateway-silent'));
    stopped?.process.signal('SIGCONT');
    await system.settled(4);
    const ownerAfter = await system.owners();
    await until('every client is with its owner', () =>
      crowd.clients.every(({ key, node }) => node === ownerAfter(key)),
    );
    expect(crowd.keys((client) => client.closes.length > 0)).toEqual(
      crowd.keys(({ key }) => ownerBefore(key) !== ownerAfter(key)),
    );
    expect(await crowd.quiet()).toEqual([]);
  });

  test('a source that suddenly lists nothing does not empty the ring: it is kept, and the status says why', async () => {
    const { system, crowd } = started();
    const ring = await system.ring();
    const pids = ring.members.map(({ nodeId }) => system.nodePid(nodeId));
    await system.controller.end('SIGKILL');
    // The records by which the controller finds its nodes are lost, and it is to start no others; the nodes still run.
    rmSync(join(system.directory, 'state', 'chat', 'nodes'), { recursive: true });
    system.declare({ nodes: 0 });
    try {
      system.startController();
      await until(
        'the loss is judged',
        async () => (await system.api('GET', '').catch(() => undefined))?.text.includes('MostNodesLost') ?? false,
        30_000,
      );
      expect((await system.ring()).table).toEqual(ring.table);
      expect((await system.ring()).members.map(({ nodeId }) => nodeId)).toEqual(
        ring.members.map(({ nodeId }) => nodeId),
      );
      expect(crowd.closes).toEqual([]);
      expect(crowd.clients.reduce((sum, client) => sum + client.failures, 0)).toBe(0);
      expect(await crowd.quiet()).toEqual([]);
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGKILL');
    }
  });

  test('nodes that were lost from sight are replaced under their ring ids, and no slot changes its seat', async () => {
    const { system } = started();
    const ring = await system.ring();
    const pids = ring.members.map(({ nodeId }) => system.nodePid(nodeId));
    await system.controller.end('SIGKILL');
    rmSync(join(system.directory, 'state', 'chat', 'nodes'), { recursive: true });
    try {
      system.startController();
      await until('the controller leads', () => system.controller.has('leading'));
      await system.settled(3, 40_000);
      const after = await system.ring();
      const ringIds = (view: typeof ring) => view.table.map((index) => view.members[index]?.ringId);
      expect(ringIds(after)).toEqual(ringIds(ring));
      expect(system.controller.has('members-missing')).toBe(true);
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGKILL');
    }
  });
});
