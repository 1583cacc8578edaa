/** Says who may try to lead one cluster. It only nominates: what fences is the epoch. */
export interface Leadership {
  /** Resolves when this process is elected; rejects when `signal` is aborted. */
  elected(signal: AbortSignal): Promise<void>;
  /** True while this process may write; judged by its own monotonic clock. */
  readonly leading: boolean;
  /** Gives the lead up. */
  release(): Promise<void>;
}
