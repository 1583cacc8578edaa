import type { Look } from './watch.ts';

/** A client, its key, and the node that it is on; undefined while it is not connected. */
export interface Placed {
  readonly key: string;
  readonly node: string | undefined;
}

/**
 * Clients at a wrong owner. A client is wrong if at two consecutive looks the cluster was settled at one revision, and
 * the client was on a node that does not own its key by that ring: a single look could fall between a change and its
 * effect.
 */
export class WrongClients {
  readonly #ever = new Set<Placed>();
  #suspects = new Map<Placed, string>();
  #revision: string | undefined;

  /** Clients that were ever wrong. */
  get count(): number {
    return this.#ever.size;
  }

  check(look: Look | undefined, clients: readonly Placed[]): void {
    if (look?.settled !== true) {
      this.#revision = undefined;
      this.#suspects = new Map();
      return;
    }
    const before = this.#revision === look.revision ? this.#suspects : new Map<Placed, string>();
    this.#revision = look.revision;
    this.#suspects = new Map();
    for (const client of clients) {
      const { node, key } = client;
      if (node === undefined || look.ownerOf(key) === node) continue;
      if (before.get(client) === node) this.#ever.add(client);
      this.#suspects.set(client, node);
    }
  }
}
