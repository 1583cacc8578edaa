import { afterEach, describe, expect, test } from 'vitest';
import type { Client } from './support/client.ts';
import { Crowd } from './support/crowd.ts';
import { System } from './support/system.ts';
import { ZipfTalk } from './support/talk.ts';
import { useCrowd } from './support/use-crowd.ts';
import { until } from './support/wait.ts';

describe('with 90 clients on three nodes, those of two nodes go away', () => {
  const started = useCrowd(90, { nodes: 3, gateways: 2, rebalance: { halfLifeSeconds: 3 } });

  test('as few of the others move as make the nodes even again, once each', async () => {
    const { system, crowd } = started();
    const [full] = (await system.ring()).members;
    const stay = crowd.clients.filter(({ node }) => node === full?.nodeId);
    for (const client of crowd.clients) if (!stay.includes(client)) client.stop();
    const most = Math.ceil(stay.length / 3);
    await until('no node has more than its share', async () => {
      const counts = (await system.nodes()).map(({ connections }) => connections);
      return counts.reduce((sum, count) => sum + count, 0) === stay.length && Math.max(...counts) <= most;
    });
    const owner = await system.owners();
    await until('every client is with its owner', () => stay.every(({ key, node }) => node === owner(key)));
    const moved = stay.filter(({ closes }) => closes.length > 0);
    expect(moved).toHaveLength(stay.length - most);
    expect(moved.flatMap(({ closes }) => closes.map(({ code }) => code))).toEqual(moved.map(() => 1012));
    expect(stay.flatMap(({ faults }) => faults)).toEqual([]);
  });
});

/** Of a test that starts its own system; they end with it. */
let system: System | undefined;
let crowd: Crowd | undefined;
let talk: ZipfTalk | undefined;
afterEach(async () => {
  talk?.stop();
  crowd?.stop();
  await system?.stop();
  [talk, crowd, system] = [undefined, undefined, undefined];
});

describe('120 clients on three nodes send by Zipf’s law, and those of one node the most', () => {
  const options = {
    ...{ nodes: 3, gateways: 2, gatewayArgs: ['--workers', '2'] },
    rebalance: { by: 'messages', halfLifeSeconds: 3, tolerance: 0.03 },
  };
  test('messages become even without a hand, with few moves', async () => {
    system = await System.start(options);
    crowd = await Crowd.connect(system, 120, { silent: true });
    const nodes = (await system.ring()).members.map(({ nodeId }) => nodeId);
    const byNode = crowd.clients.toSorted((a, b) => nodes.indexOf(a.node ?? '') - nodes.indexOf(b.node ?? ''));
    talk = new ZipfTalk(byNode, 0.9, 400);
    const running = talk;
    expect(Math.max(...running.parts(nodes))).toBeGreaterThan(1.5 / 3);

    const connected = () => byNode.every((client) => client.connected);
    await until(
      'no node is sent much more than others',
      () => connected() && peak(running.parts(nodes)) <= 1.1,
      60_000,
    );
    running.sent(nodes);
    const counts = nodes.map(() => 0);
    await until('3,000 messages', () => {
      for (const [index, count] of running.sent(nodes).entries()) counts[index] = (counts[index] as number) + count;
      return counts.reduce((sum, count) => sum + count, 0) >= 3_000;
    });
    expect(peak(counts)).toBeLessThanOrEqual(1.1);
    expect(crowd.closes.length).toBeLessThanOrEqual(30);
    running.stop();
    expect(await crowd.quiet()).toEqual([]);
  });
});

describe('120 clients on three nodes, of which one sends most of all messages', () => {
  test('its slot and key are named, it stays, and others make room for it', async () => {
    system = await System.start({ nodes: 3, gateways: 2, rebalance: { by: 'messages', halfLifeSeconds: 3 } });
    crowd = await Crowd.connect(system, 120, { silent: true });
    const [hot] = crowd.clients;
    const node = hot?.node ?? '';
    const nodes = (await system.ring()).members.map(({ nodeId }) => nodeId);
    const neighbours = crowd.clients.filter((client) => client !== hot && client.node === node);
    const others = crowd.clients.filter((client) => client.node !== node);
    talk = new ZipfTalk([hot as Client, ...neighbours, ...others], 2, 400);
    const running = talk;
    const started = system;
    let condition: { status: string; reason: string; message: string } | undefined;
    await until(
      'the hot slot is named',
      async () => {
        const { conditions } = JSON.parse((await started.api('GET', '')).text).status as {
          conditions: { type: string; status: string; reason: string; message: string }[];
        };
        condition = conditions.find(({ type }) => type === 'SlotsFit');
        return condition?.status === 'False';
      },
      60_000,
      200,
    );
    expect(condition).toMatchObject({ reason: 'HotSlot' });
    expect(condition?.message).toContain(`on node ${node} alone has`);
    expect(condition?.message).toContain(`keys: "${hot?.key}"`);
    const rest = () => {
      const parts = running.parts(nodes);
      return parts[nodes.indexOf(node)] ?? 1;
    };
    // It sends 61 % of all.
    await until('others make room', () => rest() <= 0.65, 60_000);
    expect(hot?.closes).toEqual([]);
    running.stop();
    expect(await crowd.quiet()).toEqual([]);
  });
});

/** The most, relative to the mean. */
function peak(counts: readonly number[]): number {
  return (Math.max(...counts) * counts.length) / counts.reduce((sum, count) => sum + count, 0);
}
