import { describe, expect, test } from 'vitest';
import { http } from './support/http.ts';
import { useCrowd } from './support/use-crowd.ts';
import { until } from './support/wait.ts';

describe('with 1,000 clients on three nodes and two gateways', () => {
  const started = useCrowd(1000, { nodes: 3, gateways: 2 });

  test('kill -9 of a node moves its clients only, at once and again when its replacement has its place', async () => {
    const { system, crowd } = started();
    const ownerBefore = await system.owners();
    const [victim] = (await system.ring()).members;
    const lost = crowd.keys(({ key }) => ownerBefore(key) === victim?.nodeId);
    process.kill(system.nodePid(victim?.nodeId ?? ''), 'SIGKILL');
    await until('the lost clients are connected again', () =>
      crowd.clients.every((client) => client.connected && client.node !== victim?.nodeId),
    );

    await system.settled(3);
    const ownerAfter = await system.owners();
    const replacement = (await system.ring()).members.find(({ ringId }) => ringId === victim?.ringId);
    expect(replacement?.nodeId).not.toBe(victim?.nodeId);
    await until('every client is with its owner', () =>
      crowd.clients.every(({ key, node }) => node === ownerAfter(key)),
    );

    // The replacement owns what the dead node owned, and nobody else was ever touched.
    expect(crowd.keys(({ key }) => ownerAfter(key) === replacement?.nodeId)).toEqual(lost);
    expect(crowd.keys((client) => client.closes.length > 0)).toEqual(lost);
    for (const client of crowd.clients) expect(client.closes.length).toBeLessThanOrEqual(2);
    expect(await crowd.quiet()).toEqual([]);
  });

  test('a drained node hands all its clients over, stops by itself, and no send to a key fails meanwhile', async () => {
    const { system, crowd } = started();
    const ownerBefore = await system.owners();
    const [leaving] = (await system.ring()).members;
    const failed: string[] = [];
    const unheard: string[] = [];
    let sends = 0;
    let draining = true;
    const sender = async (gateway: number) => {
      for (let n = 0; draining; n++) {
        const key = `user-${(n * 37 + gateway * 500) % 1000}`;
        const answer = await http('POST', system.gatewayUrl(gateway, `/websocket/send?userId=${key}`), `to-${key}`);
        sends++;
        if (answer.status !== 200) failed.push(`${key}: ${answer.status} ${answer.text}`);
        else if ((JSON.parse(answer.text) as { sent: number }).sent !== 1) unheard.push(`${key}: ${answer.text}`);
      }
    };
    const senders = [sender(0), sender(1)];
    const answer = await system.api('DELETE', `/nodes/${leaving?.nodeId}?mode=drain`);
    expect(answer.status).toBe(202);
    await until(
      'the node is gone',
      async () => (await system.nodes()).every(({ id }) => id !== leaving?.nodeId),
      30_000,
    );
    await system.settled(2);
    draining = false;
    await Promise.all(senders);

    const ownerAfter = await system.owners();
    await until('every client is with its owner', () =>
      crowd.clients.every(({ key, node }) => node === ownerAfter(key)),
    );
    expect(failed).toEqual([]);
    expect(unheard).toEqual([]);
    expect(sends).toBeGreaterThan(100);
    const changed = crowd.keys(({ key }) => ownerBefore(key) !== ownerAfter(key));
    expect(crowd.keys((client) => client.closes.length > 0)).toEqual(changed);
    expect(new Set(crowd.closes.map(({ code }) => code))).toEqual(new Set([1012]));
    expect(crowd.closes).toHaveLength(changed.length);
    expect(crowd.clients.reduce((sum, client) => sum + client.failures, 0)).toBe(0);
    expect(await crowd.quiet()).toEqual([]);
    expect(
      (JSON.parse((await system.api('GET', '')).text) as { spec: { nodes: { replicas: number } } }).spec.nodes.replicas,
    ).toBe(2);
  });
});

describe('with 300 clients on three nodes, and a pace that would take longer than lostSeconds', () => {
  const started = useCrowd(300, {
    nodes: 3,
    gateways: 2,
    rebalance: { maxConnectionsPerSecond: 20, lostSeconds: 2, closeCode: 4012 },
  });

  test('the clients of a killed node are told evenly within lostSeconds, with the code of the cluster', async () => {
    const { system, crowd } = started();
    const ownerBefore = await system.owners();
    const [victim] = (await system.ring()).members;
    const lost = crowd.keys(({ key }) => ownerBefore(key) === victim?.nodeId);
    const killedAt = performance.now();
    process.kill(system.nodePid(victim?.nodeId ?? ''), 'SIGKILL');
    await until('all of them are told', () => crowd.keys(({ closes }) => closes.length > 0).length === lost.length);
    const first = crowd.clients.flatMap(({ closes: [session] }) => session ?? []);
    const after = first.map(({ closedAt = 0 }) => closedAt - killedAt);
    expect(new Set(first.map(({ code }) => code))).toEqual(new Set([4012]));
    expect(first.filter(({ reason }) => reason === 'owner lost').length).toBeGreaterThan(lost.length / 2);
    // Spread over most of the time, and not in a few heaps; a busy machine is late with some.
    const sorted = after.sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
    expect(at(0.9) - at(0.1)).toBeGreaterThan(1_000);
    expect(new Set(sorted.map((ms) => Math.floor(ms / 100))).size).toBeGreaterThan(8);
  });
});
