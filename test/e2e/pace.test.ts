import { afterEach, describe, expect, test } from 'vitest';
import { Crowd } from './support/crowd.ts';
import { System } from './support/system.ts';
import { until } from './support/wait.ts';

describe('a pace of 100 connections a second', () => {
  let system: System;
  let crowd: Crowd;
  afterEach(async () => {
    crowd.stop();
    await system.stop();
  });

  test('500 moves and more follow it within 10 % over every window of 5 s', async () => {
    system = await System.start({ nodes: 1, gateways: 2, rebalance: { maxConnectionsPerSecond: 100 } });
    crowd = await Crowd.connect(system, 1400);
    const ownerBefore = await system.owners();
    await system.addNode();
    await system.settled(2, 60_000);
    const ownerAfter = await system.owners();
    await until('every client is with its owner', () =>
      crowd.clients.every(({ key, node }) => node === ownerAfter(key)),
    );

    const changed = crowd.keys(({ key }) => ownerBefore(key) !== ownerAfter(key));
    expect(crowd.keys((client) => client.closes.length > 0)).toEqual(changed);
    const times = crowd.closes.map(({ closedAt }) => closedAt ?? 0).sort((a, b) => a - b);
    expect(times.length).toBeGreaterThan(500);
    const [first = 0, last = 0] = [times[0], times.at(-1)];
    expect(last - first).toBeGreaterThan(5000);
    for (let start = first; start + 5000 <= last; start += 250) {
      const moved = times.filter((time) => time >= start && time < start + 5000).length;
      expect(moved / 5, `moves a second from ${Math.round(start - first)} ms on`).toBeGreaterThan(90);
      expect(moved / 5, `moves a second from ${Math.round(start - first)} ms on`).toBeLessThan(110);
    }
    expect(await crowd.quiet()).toEqual([]);
  });

  test('holds when the controller is killed in the middle of the moves and started again: each client moves once', async () => {
    system = await System.start({ nodes: 1, gateways: 2, rebalance: { maxConnectionsPerSecond: 100 } });
    crowd = await Crowd.connect(system, 1000);
    const ownerBefore = await system.owners();
    await system.addNode();
    await until('a part of the clients has moved', () => crowd.closes.length > 150, 20_000);
    await system.controller.end('SIGKILL');
    system.startController();
    await system.settled(2, 60_000);
    const ownerAfter = await system.owners();
    await until('every client is with its owner', () =>
      crowd.clients.every(({ key, node }) => node === ownerAfter(key)),
    );
    const changed = crowd.keys(({ key }) => ownerBefore(key) !== ownerAfter(key));
    expect(crowd.keys((client) => client.closes.length > 0)).toEqual(changed);
    expect(crowd.closes).toHaveLength(changed.length);
    const times = crowd.closes.map(({ closedAt }) => closedAt ?? 0).sort((a, b) => a - b);
    const fastest = Math.max(
      ...times.map((start) => times.filter((time) => time >= start && time < start + 1000).length),
    );
    expect(fastest, 'moves in the fastest second').toBeLessThan(150);
    expect(await crowd.quiet()).toEqual([]);
  });
});
