import { ConnectGate } from './connect-gate.ts';
import { type ClientView, PageClient } from './page-client.ts';

/** Browsers limit the number of sockets per host. */
export const MOST_CLIENTS = 240;
/** Changes are shown in batches, ms. */
const SHOW_MS = 100;

/** The clients of this page. */
export class ClientPool {
  readonly #clients = new Map<string, PageClient>();
  readonly #gate = new ConnectGate();
  readonly #listeners = new Set<() => void>();
  #snapshot: readonly ClientView[] = [];
  #pending = false;
  #count = 0;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): readonly ClientView[] => this.#snapshot;

  /** A key that no client of this page has. */
  freeKey(): string {
    let key: string;
    do key = `guest-${++this.#count}`;
    while (this.#clients.has(key));
    return key;
  }

  /** `urls`: addresses for the key, one per gateway. If the key has a client already, that one stays. */
  add(key: string, urls: readonly string[]): void {
    if (this.#clients.has(key) || this.#clients.size >= MOST_CLIENTS) return;
    this.#clients.set(key, new PageClient(key, urls, this.#clients.size, this.#gate, () => this.#changed()));
    this.#changed();
  }

  remove(key: string): void {
    this.#clients.get(key)?.close();
    this.#clients.delete(key);
    this.#changed();
  }

  clear(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
    this.#changed();
  }

  close(): void {
    this.clear();
    this.#listeners.clear();
  }

  #changed(): void {
    if (this.#pending) return;
    this.#pending = true;
    setTimeout(() => {
      this.#pending = false;
      this.#snapshot = [...this.#clients.values()].map(({ view }) => view);
      for (const listener of this.#listeners) listener();
    }, SHOW_MS);
  }
}
