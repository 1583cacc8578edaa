import { type Balance, type BalanceInput, balanceOf, isOutside } from './balance.ts';

const HOUR_MS = 3_600_000;

export interface BalancerInput extends Omit<BalanceInput, 'budget'> {
  /** Nothing else moves or may move soon, and everything is known. */
  readonly calm: boolean;
  /** How long a node has to be outside before anything moves, ms. */
  readonly steadyMs: number;
  /** Connections that may move within an hour. */
  readonly perHour: number;
  /** Monotonic ms. */
  readonly now: number;
}

/**
 * Decides when connections move for balance alone: once a node has been outside for a while without a break, in which
 * nothing else moved, and as long as the hour's moves last.
 */
export class Balancer {
  #dueAt: number | undefined;
  /** What was moved within the last hour. */
  #moves: { readonly at: number; readonly connections: number }[] = [];

  /** When time alone may change the decision, monotonic ms; undefined if it cannot. */
  get dueAt(): number | undefined {
    return this.#dueAt;
  }

  /** The table to go to; undefined: the present one stays. */
  next({ calm, steadyMs, perHour, now, ...input }: BalancerInput): Balance | undefined {
    if (!calm || perHour === 0 || !isOutside(input)) {
      this.#dueAt = undefined;
      return undefined;
    }
    this.#dueAt ??= now + steadyMs;
    if (now < this.#dueAt) return undefined;
    this.#moves = this.#moves.filter(({ at }) => now - at < HOUR_MS);
    const budget = this.#moves.reduce((left, { connections }) => left - connections, perHour);
    const balance = budget < 1 ? undefined : balanceOf({ ...input, budget });
    // What does not pay now is looked at again after as long.
    this.#dueAt = undefined;
    if (balance !== undefined) this.#moves.push({ at: now, connections: balance.connections });
    return balance;
  }
}
