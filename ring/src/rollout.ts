import type { Member } from './member.ts';
import { SLOTS } from './ring.ts';

/**
 * Why a slot changes its owner, most urgent first. `lost`: its owner is gone, so it changes at once, whatever the
 * budget. `drain`: its owner is leaving. `balance`: its owner could keep it, but the target gives it to another member.
 */
export type MoveReason = 'lost' | 'drain' | 'balance';

export interface StepInput {
  readonly members: readonly Member[];
  /** Current owner of each slot: index into `members`, or NO_OWNER if the owner is gone. */
  readonly current: Readonly<Uint16Array>;
  /** Target owner of each slot: index into `members`, or NO_OWNER if there are no members. */
  readonly desired: Readonly<Uint16Array>;
  /** Live connections on each slot. */
  readonly connections: Readonly<Uint32Array>;
  /** Connections that this step may move, not counting lost owners. Infinity: no limit; 0: lost owners only. */
  readonly budget: number;
  /** False holds back `balance`: a paused cluster still moves the slots of lost and draining nodes. */
  readonly balance: boolean;
}

export interface Step {
  /** Owner of each slot after this step. */
  readonly table: Uint16Array;
  /** Slots that this step changes, by reason. */
  readonly slots: Readonly<Record<MoveReason, number>>;
  /** Connections on the slots that this step changes. */
  readonly connections: number;
  /** What is left for later steps. */
  readonly remaining: Readonly<Record<MoveReason, { slots: number; connections: number }>>;
}

/**
 * The next step from the current ring towards the desired one. Slots without connections cost nothing and move at once.
 * The others move in slot order until the budget is used up, draining owners first. A slot that exceeds the budget by
 * itself moves alone, so that every step makes progress.
 */
export function planStep(input: StepInput): Step {
  const { current, desired, connections } = input;
  const table = current.slice();
  const slots = { lost: 0, drain: 0, balance: 0 };
  const remaining = {
    lost: { slots: 0, connections: 0 },
    drain: { slots: 0, connections: 0 },
    balance: { slots: 0, connections: 0 },
  };
  let moved = 0;
  let spent = 0;

  for (const [reason, changed] of changedSlots(input)) {
    for (const slot of changed) {
      const to = desired[slot] as number;
      const cost = connections[slot] ?? 0;
      const held = reason === 'balance' && !input.balance;
      const affordable = input.budget > 0 && (cost === 0 || spent === 0 || spent + cost <= input.budget);
      if (reason === 'lost' || (affordable && !held)) {
        table[slot] = to;
        slots[reason]++;
        moved += cost;
        if (reason !== 'lost') spent += cost;
      } else {
        remaining[reason].slots++;
        remaining[reason].connections += cost;
      }
    }
  }
  return { table, slots, connections: moved, remaining };
}

/** The slots that are to change their owner, by reason, most urgent first. */
function changedSlots({ members, current, desired }: StepInput): readonly (readonly [MoveReason, readonly number[]])[] {
  const lost: number[] = [];
  const drain: number[] = [];
  const balance: number[] = [];
  const ofMember = members.map(({ state }) => (state === 'draining' ? drain : balance));
  for (let slot = 0; slot < SLOTS; slot++) {
    const owner = current[slot] as number;
    if (owner !== desired[slot]) (ofMember[owner] ?? lost).push(slot);
  }
  return [
    ['lost', lost],
    ['drain', drain],
    ['balance', balance],
  ];
}
