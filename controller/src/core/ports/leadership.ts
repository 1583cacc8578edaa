/** Says who may try to lead one cluster. It only nominates: the epoch is what fences. */
export interface Leadership {
  /**
   * Resolves when this process is elected, with a signal that is aborted when it no longer leads. Rejects when `signal`
   * is aborted, but not while the service is unavailable: it keeps trying.
   */
  elected(signal: AbortSignal): Promise<AbortSignal>;
  /** True while this process may write, judged by its own monotonic clock. */
  readonly leading: boolean;
  /**
   * True while this process stands in: it has led, the lock's service has been away for too long to tell who leads now,
   * and gateways still follow this process. It may publish rings, which a later leader's outrank, and write nothing
   * else.
   */
  readonly standingIn: boolean;
  /** A gateway has just said that it follows this leader. */
  followed(): void;
  /**
   * Asks now, without waiting for a renewal, whether it still leads; for a leader that has seen a sign of another one.
   * Also false if it cannot be determined. Ends a stand-in.
   */
  confirm(): Promise<boolean>;
  /**
   * Base URL of the leader's API, as announced by the leader; undefined if there is no leader, or it does not say so
   * now. Rejects if the lock's service is away.
   */
  leader(): Promise<string | undefined>;
  /** Gives up the lead, so that the next leader need not wait for the time-out. */
  release(): Promise<void>;
  /** Gives up the lead and disconnects from the service. */
  close(): Promise<void>;
}
