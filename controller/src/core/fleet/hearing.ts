/** How far the controller knows its gateways at one moment. */
export interface Hearing {
  /**
   * No gateway can be heard now: each reads rings and releases from the store, every two seconds, and its last report
   * is all that is known of it.
   */
  readonly deaf: boolean;
  /** Nobody was heard, and the bus has not been there for long enough to conclude that there is nobody. */
  readonly unknown: boolean;
  /** Gateways that are silent may make moves that are not counted. */
  readonly uncertain: boolean;
  /** Gateways among which the pace is shared while it is uncertain who moves what; at least 1. */
  readonly sharers: number;
}

/** All gateways are heard. */
export const HEARD: Hearing = Object.freeze({ deaf: false, unknown: false, uncertain: false, sharers: 1 });
