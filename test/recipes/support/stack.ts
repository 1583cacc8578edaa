/** A recipe, and what is to be expected of it. */
export interface Stack {
  /** Its folder below docs/recipes. */
  readonly name: string;
  /**
   * What a client belongs to: a room, whose name is its key; or a cookie of its own that the gateway made; or the node
   * that has made its room, which is no key.
   */
  readonly by: 'room' | 'cookie' | 'node';
  /** Its clients listen to event streams; others have WebSockets, or ask again and again. */
  readonly eventStreams?: true;
  /** Everything that a client said arrives, also when it moves or its node is lost. */
  readonly losesNothing?: true;
  /** Of the Redis that its nodes use; it takes the place of the one in its cluster file. */
  readonly redisUrl?: string;
}

/** What clients who had to move saw of one change. */
export interface Sight {
  /** What they were told, in their client's own words, each once; empty if nobody had to move. */
  readonly told: readonly string[];
  /** The longest time until one of them had its next connection, ms. */
  readonly backAfterMs: number;
  /** Texts of their rooms that never arrived. */
  readonly lost: number;
}

export interface Sights {
  readonly add: Sight;
  readonly drain: Sight;
  readonly kill: Sight;
}
