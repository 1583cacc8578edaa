/** The intervals and deadlines of leading a cluster, ms. */
export interface Intervals {
  /** How long a new leader listens for gateways before it takes its epoch: each of them reports once a second. */
  readonly listenMs: number;
  /** Time between two heartbeats to the gateways. */
  readonly heartbeatMs: number;
  /** How long a new leader waits for gateways that it asked for their ring, which answer at once. */
  readonly recallMs: number;
  /** How long to wait for an unavailable bus before a ring is made from nothing, ... */
  readonly busMs: number;
  /** ... and how often to try it meanwhile. */
  readonly busRetryMs: number;
  /** Followers reconnect to a recovered bus within this time. */
  readonly followersMs: number;
  /** How long a new leader waits until all members of the last ring have been seen. */
  readonly warmUpMs: number;
  /** Everything is checked again this often, even without events. */
  readonly resyncMs: number;
  /** How often the connections of draining nodes are checked. */
  readonly drainCheckMs: number;
  /** How often to check for the counts of gateways that have not reported them. */
  readonly countsCheckMs: number;
  /** A store that takes longer than this does not delay the bus: the clients of a lost node wait for the ring. */
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
