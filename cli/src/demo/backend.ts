/**
 * Whether the nodes greet their clients as the sample backend does, by which a client knows its node, and echo what
 * they say. All clients of a demo learn it together, from the first answer.
 */
export class Backend {
  #kind: 'unknown' | 'sample' | 'other' = 'unknown';

  get kind(): 'unknown' | 'sample' | 'other' {
    return this.#kind;
  }

  /** A client was greeted. */
  greeted(): void {
    if (this.#kind === 'unknown') this.#kind = 'sample';
  }

  /** A client has a connection, but no greeting. */
  silent(): void {
    if (this.#kind === 'unknown') this.#kind = 'other';
  }
}
