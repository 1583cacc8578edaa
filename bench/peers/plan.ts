/** How much is measured. */
export interface Plan {
  /** Turns of each proxy in the cases that all of them go through while they keep running. */
  readonly rounds: number;
  /** Milliseconds of such a turn. */
  readonly turnMs: number;
  /** Milliseconds for which each proxy works before it counts, so that what compiles at run time is compiled. */
  readonly warmUpMs: number;
  /** Turns in the cases that open thousands of connections, or start the proxies afresh. */
  readonly heavyRounds: number;
  readonly idleConnections: number;
  /** Connections that the node pushes to. */
  readonly pushed: readonly number[];
  /** Short connections. */
  readonly churned: number;
}

/** Under 15 minutes. */
export const WHOLE: Plan = {
  ...{ rounds: 5, turnMs: 1_000, warmUpMs: 3_000, heavyRounds: 3 },
  ...{ idleConnections: 4_000, pushed: [1_000, 9_000], churned: 1_000_000 },
};

/** Two minutes: whether everything works, and roughly where it stands. */
export const QUICK: Plan = {
  ...{ rounds: 2, turnMs: 300, warmUpMs: 700, heavyRounds: 1 },
  ...{ idleConnections: 1_000, pushed: [1_000, 3_000], churned: 30_000 },
};

/** Connections that talk. */
export const TALKING = 64;
export const ECHO_BYTES = [64, 1_024, 16_384] as const;
/** Clients of a node that dies. */
export const RETURNING = 5_000;

/** Connections of which some move while all are open. */
export const MOVING = { of: 9_000, moved: 2_000 } as const;
