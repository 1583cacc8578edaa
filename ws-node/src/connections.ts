import { WebSocket } from 'ws';

export interface ConnectionsOptions {
  /**
   * Bytes that may wait for a client that does not read. Beyond them it is cut off, because it would fill the memory,
   * and it can reconnect. Default 16 MiB.
   */
  readonly maxBufferedBytes?: number;
}

/** The live WebSockets of a node, by key. A key has one for each device and tab of its user. */
export class Connections {
  readonly #maxBufferedBytes: number;
  readonly #byKey = new Map<string, Set<WebSocket>>();
  readonly #watchers = new Set<() => void>();
  #size = 0;

  constructor({ maxBufferedBytes = 16 * 1024 * 1024 }: ConnectionsOptions = {}) {
    this.#maxBufferedBytes = maxBufferedBytes;
  }

  /** Number of connections. */
  get size(): number {
    return this.#size;
  }

  /** Number of keys that have a connection. */
  get keys(): number {
    return this.#byKey.size;
  }

  /** Holds a connection until it is closed. */
  add(key: string, socket: WebSocket): void {
    const sockets = this.#byKey.get(key) ?? new Set();
    this.#byKey.set(key, sockets.add(socket));
    this.#size++;
    socket.once('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0 && this.#byKey.get(key) === sockets) this.#byKey.delete(key);
      this.#size--;
      this.#changed();
    });
    this.#changed();
  }

  /** Whether the key has a connection that is open, and not being closed. */
  has(key: string): boolean {
    for (const socket of this.#byKey.get(key) ?? []) if (socket.readyState === WebSocket.OPEN) return true;
    return false;
  }

  /**
   * Sends to all connections of the key: a string as text, bytes as binary. Returns the number of connections sent to.
   */
  send(key: string, data: string | Uint8Array): number {
    let sent = 0;
    for (const socket of this.#byKey.get(key) ?? []) {
      if (socket.readyState !== WebSocket.OPEN) continue;
      if (socket.bufferedAmount > this.#maxBufferedBytes) socket.terminate();
      else {
        socket.send(data);
        sent++;
      }
    }
    return sent;
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

  /** Closes all connections with a Close frame, and cuts off those that have not answered within `deadlineMs`. */
  async closeAll(code: number, reason: string, deadlineMs: number): Promise<void> {
    const sockets = [...this.#byKey.values()].flatMap((of) => [...of]);
    for (const socket of sockets) socket.close(code, reason);
    if (await this.when((connections) => connections.size === 0, AbortSignal.timeout(deadlineMs))) return;
    for (const sockets of this.#byKey.values()) for (const socket of sockets) socket.terminate();
  }

  #changed(): void {
    for (const look of [...this.#watchers]) look();
  }
}
