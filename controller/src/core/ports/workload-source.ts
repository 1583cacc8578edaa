/**
 * A backend node as its source sees it now.
 * `starting`: exists, never ready; `ready`: takes connections; `unready`: was ready, fails its probe or is paused;
 * `draining`: asked to leave, still serving; `restarting`: has ended, and its source starts the same node again by itself;
 * `gone`: known to have ended, listed for a while if the source can tell.
 * A node that is not listed at all is lost from sight: it may have ended, or the source may be wrong.
 */
export interface Workload {
  /** Stable identity, never its address. */
  readonly id: string;
  /** What people call it, where that is not the id: a pod's name. */
  readonly name?: string;
  /** Image of its container. */
  readonly image?: string;
  /** Unix time in milliseconds. */
  readonly createdAt?: number;
  /** `host:port`; undefined while it has none. */
  readonly address: string | undefined;
  readonly phase: 'starting' | 'ready' | 'unready' | 'draining' | 'restarting' | 'gone';
  /** Overrides the cluster's weight for this node. */
  readonly weight?: number;
  /** True when this source started it and may replace it. */
  readonly managed: boolean;
  /** True of a managed node that was not made from the present template or image: it is to be replaced. Default false. */
  readonly outdated?: boolean;
  /** Unix time in milliseconds when it was asked to leave; undefined when it was not. */
  readonly drainingSince?: number;
  /** What is wrong with how it is set up, and what to do, for an operator; undefined when nothing is known to be. */
  readonly problem?: string;
}

/** Starts, watches and ends the backend nodes of one cluster. */
export interface WorkloadSource {
  /** Every node that exists now, complete, and those known to have ended lately. Rejects with SOURCE_UNAVAILABLE; never answers with a partial list. */
  list(): Promise<readonly Workload[]>;
  /** Starts one managed node; resolves with its id once it exists, not when it is ready. */
  create(): Promise<string>;
  /** Marks a node as asked to leave; it goes on serving. Survives a restart of the controller. NOT_FOUND when unknown. */
  drain(id: string): Promise<void>;
  /** Asks a node to stop, and ends it by force after its drain time. Resolves once asked. NOT_FOUND when unknown. */
  stop(id: string): Promise<void>;
  /** Ends a node at once, as a crash would. NOT_FOUND when unknown. */
  kill(id: string): Promise<void>;
  /** Ends all managed nodes, by force where needed, and resolves when they are gone. For the end of a whole system. */
  endAll(): Promise<void>;
  /** Stops watching. Nodes go on running. */
  close(): Promise<void>;
}

export interface SourceHandlers {
  /** Something changed: list again. Says no more, so a missed call costs time, never correctness. */
  onChange(): void;
}

/** Nodes that a source starts are told these things in their environment (see docs/backend.md). */
export interface NodeSettings {
  /** Seconds that a node may take to let its clients go. */
  readonly drainSeconds: number;
  /** Program and arguments; the sample backend when undefined. */
  readonly command: readonly string[] | undefined;
}
