import { WebSocket } from 'ws';

interface Hello {
  readonly type: 'hello';
  readonly node: string;
  readonly key: string;
  readonly revision: string;
}

/** One connection of a client, from its opening to its end. Times are of performance.now(). */
export interface Session {
  readonly node: string;
  readonly url: string;
  readonly revision: string;
  readonly openedAt: number;
  closedAt?: number;
  code?: number;
  reason?: string;
}

/**
 * A client as an application has it: stays connected, alternating between the gateways at each connection, and sends
 * numbered messages that the node echoes. `connects` takes the next URL after a failed attempt, at once.
 */
export class Client {
  readonly key: string;
  readonly sessions: Session[] = [];
  /** Other messages than echoes and the hello. */
  readonly pushed: string[] = [];
  /** Echoes that did not continue the numbers of their session: lost, doubled or out of order. */
  readonly faults: string[] = [];
  /** Attempts to connect that failed. */
  failures = 0;
  sent = 0;
  echoed = 0;
  readonly #urls: readonly string[];
  #attempt: number;
  #socket: WebSocket | undefined;
  #expected = 0;
  #stopped = false;

  constructor(key: string, urls: readonly string[], first = 0) {
    this.key = key;
    this.#urls = urls;
    this.#attempt = first;
    this.#connect();
  }

  get connected(): boolean {
    const session = this.sessions.at(-1);
    return session !== undefined && session.closedAt === undefined && this.#socket?.readyState === WebSocket.OPEN;
  }

  /** True when it is connected and the node has echoed all that was sent on this connection. */
  get settled(): boolean {
    return this.connected && this.echoed === this.sent;
  }

  get node(): string | undefined {
    return this.connected ? this.sessions.at(-1)?.node : undefined;
  }

  /** The sessions that have ended. */
  get closes(): Session[] {
    return this.sessions.filter((session) => session.closedAt !== undefined);
  }

  /** Sends the next number, if it is connected. */
  send(): void {
    if (!this.connected) return;
    this.#socket?.send(String(this.sent++));
  }

  stop(): void {
    this.#stopped = true;
    this.#socket?.terminate();
  }

  #connect(): void {
    const url = this.#urls[this.#attempt++ % this.#urls.length] ?? '';
    const socket = new WebSocket(url, { perMessageDeflate: false });
    this.#socket = socket;
    let session: Session | undefined;
    socket.on('message', (data, isBinary) => {
      const text = String(data);
      if (session === undefined) {
        const hello = JSON.parse(text) as Hello;
        session = { node: hello.node, revision: hello.revision, url, openedAt: performance.now() };
        // What was on its way when the last connection closed is the application's to send again.
        this.#expected = this.sent = this.echoed = 0;
        this.sessions.push(session);
        if (hello.key !== this.key) this.faults.push(`greeted as ${hello.key}`);
      } else if (/^\d+$/.test(text) && !isBinary) {
        if (text !== String(this.#expected)) this.faults.push(`got ${text}, expected ${this.#expected}`);
        this.#expected = Number(text) + 1;
        this.echoed++;
      } else this.pushed.push(text);
    });
    socket.on('error', () => {});
    socket.on('close', (code, reason) => {
      if (session === undefined) this.failures++;
      else Object.assign(session, { closedAt: performance.now(), code, reason: String(reason) });
      if (this.#stopped) return;
      // At once after a Close; after a failed attempt not so fast that the attempts are the load.
      if (session !== undefined) this.#connect();
      else setTimeout(() => !this.#stopped && this.#connect(), 20);
    });
  }
}
