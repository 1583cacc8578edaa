import { WebSocket } from 'ws';

interface Hello {
  readonly type: 'hello';
  readonly node: string;
  readonly key: string;
  readonly revision: string;
}

/** A node to which a connection was taken without a Close. */
export interface Arrival {
  readonly node: string;
  /** The former one was lost. */
  readonly lost: boolean;
  /** When the node was first heard of. */
  readonly at: number;
}

/** One connection of a client, from its opening to its end. Times are of performance.now(). */
export interface Session {
  /** The first one. */
  readonly node: string;
  readonly url: string;
  readonly revision: string;
  readonly openedAt: number;
  readonly arrivals: Arrival[];
  closedAt?: number;
  code?: number;
  reason?: string;
}

/** What an answer of a node says. */
export interface Answered {
  /** The number that it answers, if it answers one. */
  readonly number?: number;
  /** What is wrong with it. */
  readonly fault?: string;
  /** Set if it is the first word of a node that the connection was taken to. */
  readonly arrival?: Omit<Arrival, 'at'>;
}

/** Reads what the nodes of one connection answer to its numbers. */
export interface Conversation {
  /** Undefined if the text is no answer. */
  take(text: string): Answered | undefined;
}

/** A node that sends each number back. */
class Echoes implements Conversation {
  #expected = 0;

  take(text: string): Answered | undefined {
    if (!/^\d+$/.test(text)) return undefined;
    const [number, expected] = [Number(text), this.#expected];
    this.#expected = number + 1;
    return { number, ...(number !== expected && { fault: `got ${text}, expected ${expected}` }) };
  }
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
  /** Answers that did not continue the numbers of their session: lost, doubled or out of order. */
  readonly faults: string[] = [];
  /** Attempts to connect that failed. */
  failures = 0;
  sent = 0;
  /** Up to the last number that was answered. */
  echoed = 0;
  readonly #urls: readonly string[];
  readonly #converse: () => Conversation;
  #attempt: number;
  #socket: WebSocket | undefined;
  #stopped = false;

  /** `converse`: makes what reads the answers of a connection; default: of a node that echoes. */
  constructor(key: string, urls: readonly string[], first = 0, converse: () => Conversation = () => new Echoes()) {
    this.key = key;
    this.#urls = urls;
    this.#attempt = first;
    this.#converse = converse;
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
    const session = this.sessions.at(-1);
    return this.connected ? (session?.arrivals.at(-1)?.node ?? session?.node) : undefined;
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
    const conversation = this.#converse();
    let session: Session | undefined;
    socket.on('message', (data, isBinary) => {
      const text = String(data);
      if (session === undefined) {
        const hello = JSON.parse(text) as Hello;
        session = { node: hello.node, revision: hello.revision, url, openedAt: performance.now(), arrivals: [] };
        // What was on its way when the last connection closed is the application's to send again.
        this.sent = this.echoed = 0;
        this.sessions.push(session);
        if (hello.key !== this.key) this.faults.push(`greeted as ${hello.key}`);
        return;
      }
      const answered = isBinary ? undefined : conversation.take(text);
      if (answered === undefined) {
        this.pushed.push(text);
        return;
      }
      const { number, fault, arrival } = answered;
      if (fault !== undefined) this.faults.push(fault);
      if (arrival !== undefined) session.arrivals.push({ ...arrival, at: performance.now() });
      if (number !== undefined) this.echoed = number + 1;
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
