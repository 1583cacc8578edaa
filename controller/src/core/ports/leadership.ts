/** Says who may try to lead one cluster. It only nominates: what fences is the epoch. */
export interface Leadership {
  /**
   * Resolves when this process is elected, with a signal that is aborted once it leads no longer; rejects when `signal`
   * is aborted. A service that does not answer is no reason to reject: it goes on trying.
   */
  elected(signal: AbortSignal): Promise<AbortSignal>;
  /** True while this process may write; judged by its own monotonic clock. */
  readonly leading: boolean;
  /** Asks now, past all renewals, whether it still leads; for a leader that has met a sign of another one. False too when it can't be told. */
  confirm(): Promise<boolean>;
  /** Base URL of the leader's API, as the leader gave it; undefined when nobody leads or it can't be told now. */
  leader(): Promise<string | undefined>;
  /** Gives the lead up, so that another one need not wait for its time-out. */
  release(): Promise<void>;
  /** Gives the lead up and lets go of the service. */
  close(): Promise<void>;
}
