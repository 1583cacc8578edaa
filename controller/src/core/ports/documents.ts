/**
 * Keeps small JSON documents of one cluster for the next controller: the changed spec, and the draining nodes. Only the
 * leader writes them.
 */
export interface Documents {
  /** The document; undefined if there is none. Rejects with STORE_UNAVAILABLE, or MESSAGE_INVALID if it is not JSON. */
  read(name: string): Promise<unknown>;
  /** Resolves once the document is saved. If this rejects with STORE_UNAVAILABLE, nothing of it was saved. */
  write(name: string, document: object): Promise<void>;
  close(): Promise<void>;
}
