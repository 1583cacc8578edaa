import { type RawData, WebSocket } from 'ws';
import { z } from 'zod';
import type { Backend } from './backend.ts';
import { Ledger } from './ledger.ts';

/** Milliseconds before the first retry when connecting fails, doubled each time, with full jitter. */
const FIRST_BACKOFF_MS = 100;
const MOST_BACKOFF_MS = 5000;
const HANDSHAKE_MS = 10_000;
/** The sample backend greets at once; after this long without a greeting it is another one, ms. */
const GREETING_MS = 5_000;
/** A connection that has lasted so long was a good one, ms. */
const STOOD_MS = 5_000;

/** The first message of the sample backend. */
const helloShape = z.object({ type: z.literal('hello'), node: z.string() });

/**
 * A client as an application should have it (docs/clients.md): reconnects at once after a Close that asks for it, with
 * back-off and jitter when connecting fails, alternates between the gateways, and resends what was not acknowledged.
 */
export class DemoClient {
  readonly key: string;
  readonly ledger = new Ledger();
  /** Reconnects that led to another node than the connection before; all reconnects if the node is not known. */
  moves = 0;
  /** performance.now() of the last greeting by a node, or of the last handshake if nodes do not greet. */
  greetedAt = 0;
  /** Why it could not connect at its last try. */
  failure: string | undefined;
  readonly #urls: readonly string[];
  #attempt: number;
  #failures = 0;
  #socket: WebSocket | undefined;
  #retry: NodeJS.Timeout | undefined;
  readonly #backend: Backend;
  #isConnected = false;
  #greeting: NodeJS.Timeout | undefined;
  #node: string | undefined;
  #lastNode: string | undefined;
  #stopped = false;

  /** `first` is the index of the URL to begin with. */
  constructor(key: string, urls: readonly string[], first: number, backend: Backend) {
    this.key = key;
    this.#backend = backend;
    this.#urls = urls;
    this.#attempt = first;
    this.#connect();
  }

  get connected(): boolean {
    return this.#isConnected;
  }

  /** It has been connected at some time. */
  get wasConnected(): boolean {
    return this.greetedAt > 0;
  }

  /** The node that greeted it on this connection; undefined while it is not connected, and if nodes do not greet. */
  get node(): string | undefined {
    return this.#node;
  }

  /** Writes a numbered message: now, or once it is connected. */
  say(): void {
    if (this.#backend.kind !== 'sample') return;
    const number = this.ledger.write();
    if (this.#node !== undefined) this.#send(number);
  }

  /** Counts messages that have waited too long for their echo. Time without a connection does not count. */
  expire(now: number): void {
    if (this.#node !== undefined) this.ledger.expire(now);
  }

  /** True once nothing of it is open any longer. */
  get gone(): boolean {
    return this.#stopped && this.#socket?.readyState === WebSocket.CLOSED;
  }

  /** Closes normally and does not come back. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#greeting);
    clearTimeout(this.#retry);
    this.#socket?.close(1000);
  }

  /** Ends the connection without a Close, if the normal one was not answered. */
  cutOff(): void {
    this.#socket?.terminate();
  }

  #connect(): void {
    const url = this.#urls[this.#attempt++ % this.#urls.length] ?? '';
    const socket = new WebSocket(url, { perMessageDeflate: false, handshakeTimeout: HANDSHAKE_MS });
    this.#socket = socket;
    socket.on('open', () => this.#onOpen());
    socket.on('message', (data) => this.#onMessage(data));
    socket.on('error', ({ message }) => {
      this.failure = message;
    });
    socket.on('close', () => this.#onClose());
  }

  #onOpen(): void {
    if (this.#backend.kind === 'other') this.#begin(undefined);
    else if (this.#backend.kind === 'unknown') this.#greeting = setTimeout(() => this.#isNotGreeted(), GREETING_MS);
  }

  #onMessage(data: RawData): void {
    const text = String(data);
    if (this.#isConnected) {
      if (this.#node !== undefined) this.ledger.echoed(Number(text));
      return;
    }
    const hello = helloShape.safeParse(parsed(text));
    if (hello.success) {
      this.#backend.greeted();
      this.#begin(hello.data.node);
    } else this.#isNotGreeted();
  }

  #isNotGreeted(): void {
    this.#backend.silent();
    if (this.#backend.kind === 'other') this.#begin(undefined);
  }

  /** `node`: undefined if nodes do not greet. */
  #begin(node: string | undefined): void {
    clearTimeout(this.#greeting);
    const isMoved = node === undefined ? this.wasConnected : this.#lastNode !== undefined && this.#lastNode !== node;
    if (isMoved) this.moves++;
    this.#isConnected = true;
    this.#node = this.#lastNode = node;
    this.greetedAt = performance.now();
    for (const number of this.ledger.unacknowledged()) this.#send(number);
  }

  #onClose(): void {
    clearTimeout(this.#greeting);
    const wasConnected = this.#isConnected;
    this.#isConnected = false;
    this.#node = undefined;
    this.ledger.interrupted();
    if (this.#stopped) return;
    if (wasConnected && performance.now() - this.greetedAt > STOOD_MS) this.#failures = 0;
    if (wasConnected && this.#failures === 0) {
      this.#failures++;
      this.#connect();
      return;
    }
    const most = Math.min(MOST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.#failures++);
    this.#retry = setTimeout(() => this.#connect(), Math.random() * most);
  }

  #send(number: number): void {
    this.ledger.sent(number, performance.now());
    this.#socket?.send(String(number), () => {});
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
