import type { ReadinessRule } from './readiness-rule.ts';

/**
 * A backend node as its source sees it now. `starting`: exists, never ready; `ready`: takes connections; `unready`: was
 * ready, fails its probe or is paused; `draining`: asked to leave, still serving; `restarting`: has ended, and its
 * source starts the same node again; `gone`: known to have ended, and listed for a while if the source can tell. A node
 * that is not listed at all is lost from sight: it may have ended, or the source may be wrong.
 */
export interface Workload {
  /** Stable identity, never its address. */
  readonly id: string;
  /** The name that people know it by, if that is not the id: a pod's name. */
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
  /** The weight that it says itself, smoothed; counts where nobody has set one for this node or its place. */
  readonly statedWeight?: number;
  /** Overrides the cluster's limit of connections for this node; 0: no limit. */
  readonly maxConnections?: number;
  /** True when this source started it and may replace it. */
  readonly managed: boolean;
  /**
   * True of a managed node whose template or image has changed since it was created: it will be replaced. Default
   * false.
   */
  readonly outdated?: boolean;
  /**
   * Who made it, and from which template: nodes of one maker replace each other when its template changes. Undefined if
   * nobody else's workload made it, or the source cannot tell.
   */
  readonly made?: { readonly by: string; readonly template: string };
  /** When it was asked to drain, Unix ms; undefined if it was not. */
  readonly drainingSince?: number;
  /** For an operator: what is wrong with its configuration, and what to do. Undefined if no problem is known. */
  readonly problem?: string;
}

/** Starts, watches and ends the backend nodes of one cluster. */
export interface WorkloadSource {
  /** Why it cannot keep what the next controller must know; undefined when it can, or has nothing to keep. */
  readonly problem?: string | undefined;
  /**
   * Every node that exists now, and those known to have ended recently. Rejects with SOURCE_UNAVAILABLE; never answers
   * with a partial list.
   */
  list(): Promise<readonly Workload[]>;
  /** Starts one managed node. Resolves with its id once it exists, not once it is ready. */
  create(): Promise<string>;
  /** Marks a node as draining; it keeps serving. Survives a restart of the controller. NOT_FOUND if unknown. */
  drain(id: string): Promise<void>;
  /** Asks a node to stop, and kills it after its drain time. Resolves once asked. NOT_FOUND if unknown. */
  stop(id: string): Promise<void>;
  /** Ends a node at once, as a crash would. NOT_FOUND if unknown. */
  kill(id: string): Promise<void>;
  /** Ends all managed nodes, by force if needed, and resolves when they are gone. For the end of a whole system. */
  endAll(): Promise<void>;
  /** Stops watching. Nodes keep running. */
  close(): Promise<void>;
}

export interface SourceHandlers {
  /** Something changed: list again. It says no more than that, so a missed call costs time, never correctness. */
  onChange(): void;
}

/** How processes of this machine run as nodes; see docs/any-application.md. */
export interface NodeSettings {
  /** Seconds that a draining node may take to hand over its clients. */
  readonly drainSeconds: number;
  /** Program and arguments, with `{port}` for the port; undefined: the sample backend. */
  readonly command: readonly string[] | undefined;
  /** Environment of `command`, with `{port}` for the port; default: none. */
  readonly env?: Readonly<Record<string, string>>;
  /** Absolute folder in which `command` runs; default: that of the controller. */
  readonly workingDirectory?: string;
  /** Seconds in which a node must become ready; then it is ended. Default 120. */
  readonly startSeconds?: number;
  /** Default: whatever the node answers. */
  readonly readiness?: ReadinessRule;
}
