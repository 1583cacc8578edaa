/**
 * Keeps small JSON documents of one cluster for the next controller: the changed spec, the nodes that were asked to
 * leave. Whoever leads writes them, alone.
 */
export interface Documents {
  /** The document; undefined when there is none. Rejects with STORE_UNAVAILABLE, or MESSAGE_INVALID when it is not JSON. */
  read(name: string): Promise<unknown>;
  /** Resolves once it is kept: the whole of it or, when this rejects with STORE_UNAVAILABLE, nothing of it. */
  write(name: string, document: unknown): Promise<void>;
  close(): Promise<void>;
}
