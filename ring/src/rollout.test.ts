import { describe, expect, test } from 'vitest';
import type { Member } from './member.ts';
import { NO_OWNER, SLOTS } from './ring.ts';
import { planStep, type StepInput } from './rollout.ts';

const member = (ringId: number, state: Member['state'] = 'ready'): Member => ({
  ringId,
  nodeId: `n${ringId}`,
  address: '127.0.0.1:1',
  weight: 1,
  state,
});

/** All slots owned by member 0, those in `moves` wanted by member 1, each with the connections given. */
function input(moves: Record<number, number>, more: Partial<StepInput> = {}): StepInput {
  const desired = new Uint16Array(SLOTS);
  const connections = new Uint32Array(SLOTS);
  for (const [slot, count] of Object.entries(moves)) {
    desired[Number(slot)] = 1;
    connections[Number(slot)] = count;
  }
  const members = [member(0), member(1)];
  return { members, current: new Uint16Array(SLOTS), desired, connections, budget: Infinity, balance: true, ...more };
}

const movedTo1 = (table: Uint16Array) => [...table.entries()].filter(([, owner]) => owner === 1).map(([slot]) => slot);

describe('a rollout step', () => {
  test('goes the whole way without a bound', () => {
    const step = planStep(input({ 3: 5, 9: 7 }));
    expect(movedTo1(step.table)).toEqual([3, 9]);
    expect(step).toMatchObject({ connections: 12, slots: { balance: 2 }, remaining: { balance: { slots: 0 } } });
  });

  test('stays within its budget of connections and says what is left', () => {
    const step = planStep(input({ 1: 4, 2: 4, 3: 4 }, { budget: 9 }));
    expect(movedTo1(step.table)).toEqual([1, 2]);
    expect(step.remaining.balance).toEqual({ slots: 1, connections: 4 });
  });

  test('moves slots without connections at once, as they cost nothing', () => {
    expect(movedTo1(planStep(input({ 1: 4, 2: 9, 3: 0, 4: 0 }, { budget: 4 })).table)).toEqual([1, 3, 4]);
  });

  test('a slot that alone exceeds the budget goes alone', () => {
    expect(movedTo1(planStep(input({ 1: 50, 2: 1 }, { budget: 10 })).table)).toEqual([1]);
  });

  test('with no budget it moves the slots of lost owners only', () => {
    const current = new Uint16Array(SLOTS);
    current[2] = NO_OWNER;
    const step = planStep(input({ 1: 0, 2: 3 }, { budget: 0, current }));
    expect(movedTo1(step.table)).toEqual([2]);
    expect(step.slots).toEqual({ lost: 1, drain: 0, balance: 0 });
  });

  test('draining owners go before balance, which a pause holds back', () => {
    const members = [member(0), member(1), member(2, 'draining')];
    const current = new Uint16Array(SLOTS);
    current[7] = 2;
    const moves = { 1: 2, 7: 2 };
    expect(movedTo1(planStep(input(moves, { members, current, budget: 2 })).table)).toEqual([7]);
    const paused = planStep(input(moves, { members, current, balance: false }));
    expect(movedTo1(paused.table)).toEqual([7]);
    expect(paused.remaining.balance).toEqual({ slots: 1, connections: 2 });
  });

  test('leaves its input as it was', () => {
    const given = input({ 1: 1 });
    planStep(given);
    expect(given.current.every((owner) => owner === 0)).toBe(true);
  });
});
