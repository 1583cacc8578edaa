/** The times by which one cluster is led, ms. */
export interface Intervals {
  /** A new leader listens for gateways this long before it takes its epoch: each of them reports once a second. */
  readonly listenMs: number;
  /** Between two heartbeats to the gateways. */
  readonly heartbeatMs: number;
  /** A gateway that is asked for its ring answers at once; a new leader does not wait longer than this. */
  readonly recallMs: number;
  /** A bus that is away is waited for this long before a ring is made out of nothing, */
  readonly busMs: number;
  /** and tried this often meanwhile. */
  readonly busRetryMs: number;
  /** Followers connect again to a bus that has come back within this time. */
  readonly followersMs: number;
  /** A new leader waits this long for the members of the last ring to be seen. */
  readonly warmUpMs: number;
  /** Everything is looked at again this often, whatever events say. */
  readonly resyncMs: number;
  /** While nodes drain, their connections are looked at this often. */
  readonly drainCheckMs: number;
  /** While gateways have not told their counts, it is looked at again this often. */
  readonly countsCheckMs: number;
  /** A store that takes longer does not hold up the bus: a lost node's clients wait for that ring. */
  readonly storeFirstMs: number;
}

export const DEFAULT_INTERVALS: Intervals = Object.freeze({
  listenMs: 1_100,
  heartbeatMs: 1_000,
  recallMs: 1_500,
  busMs: 10_000,
  busRetryMs: 500,
  followersMs: 2_000,
  warmUpMs: 10_000,
  resyncMs: 5_000,
  drainCheckMs: 500,
  countsCheckMs: 500,
  storeFirstMs: 250,
});
