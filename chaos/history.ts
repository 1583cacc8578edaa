import type { Revision } from '@wscluster/ring';

// What a run records, for the checker. All times are milliseconds of one monotonic clock.

/** A fault that was injected. */
export interface Fault {
  readonly kind: string;
  /** What it hit, for people. */
  readonly target: string;
  readonly from: number;
  /** When it was healed; undefined while it lasts. */
  until?: number;
  /** Node ids whose connections it may end. */
  readonly nodes: readonly string[];
  /** Ports of gateways whose connections it may end. */
  readonly gatewayPorts: readonly number[];
}

/** A revision that somebody named: the API of one controller process, or the metrics of one gateway process. */
export interface RevisionSeen {
  readonly at: number;
  /** Revisions of one source never fall. */
  readonly source: string;
  readonly revision: Revision;
  /** Read while nothing was broken: not below what anybody has named before. */
  readonly settled: boolean;
}

/** The owners of the clients' keys by a ring of the API. */
export interface OwnersSeen {
  readonly at: number;
  /** Node id by key. */
  readonly owners: ReadonlyMap<string, string>;
}

export interface GenerationSeen {
  readonly at: number;
  readonly source: string;
  readonly generation: number;
  /** Read while nothing was broken: not below what anybody has seen before. */
  readonly settled: boolean;
}

/** One connection of a client, from its hello to its end. */
export interface SessionSeen {
  readonly node: string;
  readonly url: string;
  readonly openedAt: number;
  readonly closedAt?: number;
  readonly code?: number;
  readonly reason?: string;
}

export interface ClientSeen {
  readonly key: string;
  readonly sessions: readonly SessionSeen[];
  /** Messages that did not continue the order of their session. */
  readonly faults: readonly string[];
}

/** A time in which the recorder itself stood still, so that what it saw afterwards came late. */
export interface Stall {
  readonly from: number;
  readonly until: number;
}

export interface History {
  /** Moves per second that are allowed. */
  readonly pace: number;
  readonly faults: readonly Fault[];
  readonly revisions: readonly RevisionSeen[];
  readonly owners: readonly OwnersSeen[];
  readonly generations: readonly GenerationSeen[];
  readonly clients: readonly ClientSeen[];
  readonly stalls: readonly Stall[];
}

export interface Violation {
  readonly rule: string;
  /** When it happened; undefined if that has no meaning. */
  readonly at?: number;
  readonly detail: string;
}
