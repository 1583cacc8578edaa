/**
 * A real server of a test, on loopback, in a folder of its own. It keeps its address and its data over restarts, so
 * that outages are made by killing it.
 */
export interface RealServer {
  /** `host:port` where it listens. */
  readonly address: string;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** Starts it, again after an end; resolves once it answers. Rejects with what its log says last. */
  start(): Promise<void>;
  /** Asks it to end, and resolves when it has ended. */
  stop(): Promise<void>;
  /** Ends it as a crash does (SIGKILL), with all its children, and resolves when it has ended. */
  kill(): Promise<void>;
  /** SIGSTOP: it holds its connections and answers nothing; thaw undoes it. */
  freeze(): void;
  thaw(): void;
  /** Ends it by force and removes its folder. */
  dispose(): Promise<void>;
}
