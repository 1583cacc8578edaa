/**
 * A real server for a test, on loopback, in its own folder. It keeps its address and its data across restarts, so that
 * tests cause outages by killing it.
 */
export interface RealServer {
  /** `host:port` where it listens. */
  readonly address: string;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** Starts it, also after it has ended; resolves once it answers. Rejects with the last lines of its log. */
  start(): Promise<void>;
  /** Asks it to end; resolves when it has ended. */
  stop(): Promise<void>;
  /** Ends it as a crash would (SIGKILL), with all its children; resolves when it has ended. */
  kill(): Promise<void>;
  /** SIGSTOP: it keeps its connections and answers nothing; thaw undoes that. */
  freeze(): void;
  thaw(): void;
  /** Kills it and removes its folder. */
  dispose(): Promise<void>;
}
