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
  /** Read in the store after a fault there, while no controller ran: nobody is left who knows of a higher one. */
  readonly isAll?: boolean;
}

/** A node that a connection was taken to without a Close. */
export interface ArrivalSeen {
  readonly node: string;
  /** The former node was lost, so messages may be. */
  readonly lost: boolean;
  /** Of the node's first answer. */
  readonly at: number;
}

/** One connection of a client, from its hello to its end. */
export interface SessionSeen {
  /** Where it began. */
  readonly node: string;
  /** Says how it is to move, if its client asks for that. */
  readonly url: string;
  readonly openedAt: number;
  readonly arrivals: readonly ArrivalSeen[];
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

/** What a gateway process had counted when it was last asked. */
export interface MigrationsSeen {
  /** When it was asked. */
  readonly at: number;
  readonly port: number;
  /** Sessions of this port that were opened from then on, and before `at`, are of this process. */
  readonly since: number;
  /** As in the metric. */
  readonly outcomes: Readonly<Record<string, number>>;
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
  /** One for each gateway process. */
  readonly migrations: readonly MigrationsSeen[];
  readonly stalls: readonly Stall[];
}

export interface Violation {
  readonly rule: string;
  /** When it happened; undefined if that has no meaning. */
  readonly at?: number;
  readonly detail: string;
}
