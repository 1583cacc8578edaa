import { createRing, type Member, movedSlots, NO_OWNER, SLOTS } from '@wscluster/ring';
import { describe, expect, test } from 'vitest';
import { paceOf } from './pace.ts';
import { ACK_DEADLINE_MS, type Pace, Rollout } from './rollout.ts';

const members: Member[] = [0, 1].map((ringId) => ({
  ringId,
  nodeId: `n${ringId}`,
  address: '127.0.0.1:1',
  weight: 1,
  state: 'ready',
}));
const PACE: Pace = { perSecond: 100, balance: true };

/** A ring wholly of n0, of which every slot below 300 has one connection and is wanted by n1. */
function started(gateways = 1) {
  const rollout = new Rollout(createRing({ epoch: 1, version: 0 }, members, new Uint16Array(SLOTS)));
  const connections = new Uint32Array(SLOTS).fill(1, 0, 300);
  const desired = new Uint16Array(SLOTS).fill(1, 0, 300);
  const step = (current: Uint16Array, now: number, pace = PACE) => {
    const planned = rollout.plan({ members, current, desired, connections, pace, now });
    rollout.published(planned.ring, pace, now);
    return planned;
  };
  const acknowledge = (allApplied: boolean, now: number) =>
    rollout.acknowledge(
      allApplied,
      (slots) => {
        const all = [...slots].reduce((sum, slot) => sum + (connections[slot] ?? 0), 0);
        return { all, most: Math.ceil(all / gateways) };
      },
      now,
    );
  return { rollout, step, connections, acknowledge };
}

describe('a rollout', () => {
  test('releases a step when all gateways have it, and takes up the next shortly before its moves are made', () => {
    const { rollout, step, acknowledge } = started();
    const first = step(new Uint16Array(SLOTS), 0);
    expect(first.step.connections).toBe(100);
    expect(acknowledge(false, 50)).toBe(false);
    expect(acknowledge(true, 60)).toBe(true);
    expect(rollout.release).toEqual({ movableUpTo: first.ring.revision, spreadMs: 1000, maxPerSecond: 100 });
    expect([60, 1059, 1060].map((now) => rollout.isMoving(now))).toEqual([true, true, false]);
    expect(rollout.planIn(60)).toBe(600);

    const second = step(first.step.table, 660);
    expect(second.step.connections).toBe(100);
    expect(acknowledge(true, 700)).toBe(false);
    expect(rollout.releaseIn(true, 700)).toBe(360);
    expect(acknowledge(true, 1060)).toBe(true);
    expect(rollout.release.movableUpTo).toEqual(second.ring.revision);
  });

  test('moves nobody but the clients of lost owners until all connections are counted', () => {
    const { rollout, connections } = started();
    const current = new Uint16Array(SLOTS).fill(NO_OWNER, 300, 310);
    const desired = new Uint16Array(SLOTS).fill(1, 0, 300);
    const plan = (countsKnown: boolean) =>
      rollout.plan({ members, current, desired, connections, countsKnown, pace: PACE, now: 0 }).step;
    expect(plan(false)).toMatchObject({ slots: { lost: 10, balance: 0 }, remaining: { balance: { slots: 300 } } });
    expect(plan(true).slots).toMatchObject({ lost: 10, balance: 100 });
  });

  test('waits for a silent gateway no longer than its deadline', () => {
    const { rollout, step, acknowledge } = started();
    step(new Uint16Array(SLOTS), 0);
    expect(rollout.releaseIn(false, 1000)).toBe(ACK_DEADLINE_MS - 1000);
    expect(acknowledge(false, ACK_DEADLINE_MS - 1)).toBe(false);
    expect(acknowledge(false, ACK_DEADLINE_MS)).toBe(true);
  });

  test('a lost owner is followed at once, in the middle of the moves of a step', () => {
    const { step, acknowledge } = started();
    const first = step(new Uint16Array(SLOTS), 0);
    acknowledge(true, 10);
    const current = Uint16Array.from(first.step.table);
    current[299] = NO_OWNER;
    expect(step(current, 20).step.slots).toEqual({ lost: 1, drain: 0, balance: 0 });
  });

  test('a step follows only when the one before is acknowledged', () => {
    const { step } = started();
    const first = step(new Uint16Array(SLOTS), 0);
    expect(step(first.step.table, 4000).step.connections).toBe(0);
  });

  test('the time to spread a step over follows the counts of the acknowledgements, not those it was packed by', () => {
    const { rollout, step, acknowledge, connections } = started();
    step(new Uint16Array(SLOTS), 0);
    connections.fill(3, 0, 300);
    acknowledge(true, 10);
    expect(rollout.release.spreadMs).toBe(3000);
    expect([10, 3009, 3010].map((now) => rollout.isMoving(now))).toEqual([true, true, false]);
  });

  test('clients of an owner that is gone are back already: they hold up nothing', () => {
    const { rollout, connections, acknowledge } = started();
    connections.fill(10, 0, 300);
    const alone = members.slice(1);
    const current = new Uint16Array(SLOTS).fill(NO_OWNER);
    const desired = new Uint16Array(SLOTS);
    const { ring } = rollout.plan({ members: alone, current, desired, connections, pace: PACE, now: 0 });
    rollout.published(ring, PACE, 0);
    acknowledge(true, 10);
    expect(rollout.release.spreadMs).toBe(0);
    expect(rollout.isMoving(10)).toBe(false);
  });

  test('without a limit everything moves in one step, at once', () => {
    const { rollout, step, acknowledge } = started();
    const pace = { perSecond: Number.POSITIVE_INFINITY, balance: true };
    const { ring, step: all } = step(new Uint16Array(SLOTS), 0, pace);
    expect(all.connections).toBe(300);
    expect(movedSlots({ ...ring, table: new Uint16Array(SLOTS) }, ring)).toHaveLength(300);
    acknowledge(true, 5);
    expect(rollout.release).toMatchObject({ spreadMs: 0, maxPerSecond: 0 });
    expect(rollout.planIn(5)).toBeUndefined();
  });

  test('while no gateway is heard, waits for the deadline of each step, and fills the time until then with moves', () => {
    const { rollout, step, acknowledge } = started(2);
    rollout.hear({ deaf: true, unknown: false, uncertain: true, sharers: 2 });
    const first = step(new Uint16Array(SLOTS), 0);
    expect(first.step.connections).toBe(300);
    expect(acknowledge(false, ACK_DEADLINE_MS - 1)).toBe(false);
    expect(acknowledge(false, ACK_DEADLINE_MS)).toBe(true);
    // Each of the two may make half of the moves in a second, even if it has missed some.
    expect(rollout.release).toMatchObject({ spreadMs: 3000, maxPerSecond: 50 });
    expect(rollout.planIn(ACK_DEADLINE_MS)).toBeUndefined();
  });

  test('once gateways are heard again, one release counts what they have left, and shares the pace', () => {
    const { rollout, step, acknowledge } = started(2);
    rollout.hear({ deaf: true, unknown: false, uncertain: true, sharers: 2 });
    const first = step(new Uint16Array(SLOTS), 0, { perSecond: 20, balance: true });
    rollout.hear({ deaf: false, unknown: false, uncertain: false, sharers: 2 });
    expect(acknowledge(true, 10)).toBe(true);
    expect(rollout.release).toMatchObject({ spreadMs: 5000, maxPerSecond: 10 });
    step(first.step.table, 5000);
    acknowledge(true, 5010);
    expect(rollout.release).toMatchObject({ spreadMs: 1000, maxPerSecond: 100 });
  });

  test('a gateway that was not known has moves left that no release has counted: one does, and shares the pace', () => {
    const { rollout, step, acknowledge } = started(2);
    const pace = { perSecond: 20, balance: true };
    const first = step(new Uint16Array(SLOTS), 0, pace);
    acknowledge(true, 10);
    const second = step(first.step.table, 5000, pace);
    rollout.hear({ deaf: false, unknown: false, uncertain: false, sharers: 2 });
    rollout.addGateway();
    acknowledge(true, 5010);
    expect(rollout.release).toMatchObject({ maxPerSecond: 10 });
    step(second.step.table, 10_000, pace);
    acknowledge(true, 10_010);
    expect(rollout.release).toMatchObject({ maxPerSecond: 20 });
  });

  test('an unknown fleet has acknowledged nothing: a limited pace waits until a gateway is heard', () => {
    const { rollout, step, acknowledge } = started();
    rollout.hear({ deaf: true, unknown: true, uncertain: true, sharers: 1 });
    step(new Uint16Array(SLOTS), 0);
    expect(acknowledge(true, 10 * ACK_DEADLINE_MS)).toBe(false);
    expect(rollout.releaseIn(true, 10 * ACK_DEADLINE_MS)).toBeUndefined();
    rollout.hear({ deaf: false, unknown: false, uncertain: false, sharers: 1 });
    expect(acknowledge(true, 10 * ACK_DEADLINE_MS)).toBe(true);
  });

  test('each publication has the next version', () => {
    const { rollout, step } = started();
    rollout.adopt({ epoch: 7, version: 0 });
    step(new Uint16Array(SLOTS), 0);
    step(new Uint16Array(SLOTS), 1);
    expect(rollout.ring.revision).toEqual({ epoch: 7, version: 2 });
  });
});

describe('the pace', () => {
  const draining = { id: 'a', address: '127.0.0.1:1', phase: 'draining', managed: true, drainingSince: 0 } as const;
  const pace = (connections: number, now: number, maxConnectionsPerSecond = 100) =>
    paceOf({
      maxConnectionsPerSecond,
      paused: false,
      drainMs: 10_000,
      listing: [draining],
      connections: new Map([['a', connections]]),
      now,
    }).perSecond;

  test('is the configured one while that empties draining nodes in time', () => {
    expect(pace(700, 0)).toBe(100);
  });

  test('rises when a draining node would not be empty within 80 % of its drain time', () => {
    expect(pace(8000, 0)).toBe(1000);
    expect(pace(8000, 4000)).toBe(2000);
  });

  test('rises earlier while no gateway is heard, since they learn of each release late', () => {
    const input = { maxConnectionsPerSecond: 10, paused: false, drainMs: 20_000, listing: [draining], now: 0 };
    const connections = new Map([['a', 180]]);
    expect(paceOf({ ...input, connections }).perSecond).toBeCloseTo(180 / 16);
    expect(paceOf({ ...input, connections, deaf: true }).perSecond).toBeCloseTo(180 / 9);
  });

  test('0 means no limit', () => {
    expect(pace(1, 0, 0)).toBe(Number.POSITIVE_INFINITY);
  });
});
