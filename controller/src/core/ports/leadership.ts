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
   * Asks now, without waiting for a renewal, whether it still leads; for a leader that has seen a sign of another one.
   * Also false if it cannot be determined.
   */
  confirm(): Promise<boolean>;
  /**
   * Base URL of the leader's API, as announced by the leader; undefined if there is no leader, or it is not known now.
   */
  leader(): Promise<string | undefined>;
  /** Gives up the lead, so that the next leader need not wait for the time-out. */
  release(): Promise<void>;
  /** Gives up the lead and disconnects from the service. */
  close(): Promise<void>;
}
