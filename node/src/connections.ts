import type { EventEmitter } from 'node:events';
import { compareRevisions, type Revision, slotOf } from '@wscluster/ring';
import type { WebSocketLike } from './api.ts';

/**
 * Bytes that may wait for a client that does not read. Beyond them it is cut off, because it would fill the memory, and
 * it can reconnect.
 */
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;

/** `readyState` of a WebSocket that is open, and not being closed. */
const OPEN = 1;

/** The socket of an upgraded connection, or the answer to a request: what ends with `close`. */
export interface Carrier extends Pick<EventEmitter, 'once'> {
  destroy(): unknown;
}

/** Whom a connection is for. */
interface For {
  readonly key: string | undefined;
  readonly revision?: Revision | undefined;
}

interface Connection {
  readonly kind: 'upgraded' | 'answer';
  held: Held | undefined;
  webSocket: WebSocketLike | undefined;
}

/** A key that has connections here. */
interface Held {
  readonly key: string;
  readonly slot: number;
  readonly carriers: Map<Carrier, Connection>;
  /** The newest by which a gateway sent something for the key. */
  revision: Revision | undefined;
  /** Whether its loss has been told. */
  lost: boolean;
}

/** What is open at a node: upgraded connections and answers that are not complete, by key. */
export class Connections {
  readonly #maxBufferedBytes: number;
  readonly #all = new Map<Carrier, Connection>();
  readonly #byKey = new Map<string, Held>();
  readonly #watchers = new Set<() => void>();
  #size = 0;

  constructor({ maxBufferedBytes = MAX_BUFFERED_BYTES }: { readonly maxBufferedBytes?: number } = {}) {
    this.#maxBufferedBytes = maxBufferedBytes;
  }

  /** Number of upgraded connections. */
  get size(): number {
    return this.#size;
  }

  /** Number of upgraded connections and answers. */
  get open(): number {
    return this.#all.size;
  }

  /** Number of keys that have an upgraded connection. */
  get keys(): number {
    let keys = 0;
    for (const { carriers } of this.#byKey.values())
      if ([...carriers.values()].some(({ kind }) => kind === 'upgraded')) keys++;
    return keys;
  }

  /** Holds a connection until it is closed. */
  hold(carrier: Carrier, kind: Connection['kind'], { key, revision }: For): void {
    const connection: Connection = { kind, held: undefined, webSocket: undefined };
    this.#all.set(carrier, connection);
    if (kind === 'upgraded') this.#size++;
    if (key !== undefined) this.#file(carrier, connection, key, revision);
    carrier.once('close', () => {
      this.#all.delete(carrier);
      if (kind === 'upgraded') this.#size--;
      this.#unfile(carrier, connection);
      this.#changed();
    });
    this.#changed();
  }

  /** The WebSocket of an upgraded connection, and its key. */
  attach(carrier: Carrier, webSocket: WebSocketLike, { key, revision }: For & { readonly key: string }): void {
    if (!this.#all.has(carrier)) this.hold(carrier, 'upgraded', { key, revision });
    const connection = this.#all.get(carrier);
    if (connection === undefined) return;
    if (connection.held?.key !== key) {
      this.#unfile(carrier, connection);
      this.#file(carrier, connection, key, revision);
    }
    connection.webSocket = webSocket;
    this.#changed();
  }

  #file(carrier: Carrier, connection: Connection, key: string, revision: Revision | undefined): void {
    const held = this.#byKey.get(key) ?? { key, slot: slotOf(key), carriers: new Map(), revision, lost: false };
    this.#byKey.set(key, held);
    held.carriers.set(carrier, connection);
    connection.held = held;
    if (revision === undefined || (held.revision && compareRevisions(revision, held.revision) <= 0)) return;
    held.revision = revision;
    held.lost = false;
  }

  #unfile(carrier: Carrier, { held }: Connection): void {
    held?.carriers.delete(carrier);
    if (held?.carriers.size === 0) this.#byKey.delete(held.key);
  }

  /** Whether the key has a WebSocket that is open, and not being closed. */
  has(key: string): boolean {
    for (const { webSocket } of this.#byKey.get(key)?.carriers.values() ?? [])
      if (webSocket?.readyState === OPEN) return true;
    return false;
  }

  /**
   * Sends to all WebSockets of the key: a string as text, bytes as binary. Returns the number of WebSockets sent to.
   */
  send(key: string, data: string | Uint8Array): number {
    let sent = 0;
    for (const [carrier, { webSocket }] of this.#byKey.get(key)?.carriers ?? []) {
      if (webSocket?.readyState !== OPEN) continue;
      if (webSocket.bufferedAmount > this.#maxBufferedBytes) carrier.destroy();
      else {
        webSocket.send(data);
        sent++;
      }
    }
    return sent;
  }

  /**
   * The keys that are lost by a ring of this revision, each once: `isMine` says whose a slot is. What a gateway sent by
   * a newer ring stays.
   */
  lostBy(revision: Revision, isMine: (slot: number) => boolean): readonly string[] {
    const lost: string[] = [];
    for (const held of this.#byKey.values()) {
      if (isMine(held.slot)) held.lost = false;
      else if (!held.lost && (held.revision === undefined || compareRevisions(revision, held.revision) > 0)) {
        held.lost = true;
        lost.push(held.key);
      }
    }
    return lost;
  }

  /**
   * Resolves with true as soon as `condition` holds, which is checked at each change; with false if `signal` aborts
   * first.
   */
  when(condition: (connections: Connections) => boolean, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (held: boolean) => {
        this.#watchers.delete(look);
        signal.removeEventListener('abort', onAbort);
        resolve(held);
      };
      const look = () => {
        if (condition(this)) end(true);
      };
      const onAbort = () => end(false);
      this.#watchers.add(look);
      signal.addEventListener('abort', onAbort);
      if (signal.aborted) onAbort();
      else look();
    });
  }

  /** Closes all WebSockets with a Close frame, and cuts off what is still open after `deadlineMs`. */
  async closeAll(code: number, reason: string, deadlineMs: number): Promise<void> {
    for (const { webSocket } of this.#all.values()) webSocket?.close(code, reason);
    if (await this.when(({ open }) => open === 0, AbortSignal.timeout(deadlineMs))) return;
    for (const carrier of [...this.#all.keys()]) carrier.destroy();
  }

  #changed(): void {
    for (const look of [...this.#watchers]) look();
  }
}
