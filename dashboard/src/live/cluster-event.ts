/** An entry of the timeline. */
export interface ClusterEvent {
  readonly id: string;
  readonly type: string;
  /** ISO 8601. */
  readonly at: string;
  readonly message: string;
}
