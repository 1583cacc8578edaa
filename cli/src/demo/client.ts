import { type RawData, WebSocket } from 'ws';
import { z } from 'zod';
import { Ledger } from './ledger.ts';

/** Milliseconds before the first retry when connecting fails, doubled each time, with full jitter. */
const FIRST_BACKOFF_MS = 100;
const MOST_BACKOFF_MS = 5000;
const HANDSHAKE_MS = 10_000;
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
  /** Reconnects that led to another node than the connection before. */
  moves = 0;
  /** performance.now() of the last greeting by a node. */
  greetedAt = 0;
  readonly #urls: readonly string[];
  #attempt: number;
  #failures = 0;
  #socket: WebSocket | undefined;
  #retry: NodeJS.Timeout | undefined;
  #node: string | undefined;
  #lastNode: string | undefined;
  #stopped = false;

  /** `first` is the index of the URL to begin with. */
  constructor(key: string, urls: readonly string[], first: number) {
    this.key = key;
    this.#urls = urls;
    this.#attempt = first;
    this.#connect();
  }

  /** The node that greeted it on this connection; undefined while it is not connected. */
  get node(): string | undefined {
    return this.#node;
  }

  /** Writes a numbered message: now, or once it is connected. */
  say(): void {
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
    socket.on('message', (data) => this.#onMessage(data));
    // The close event that follows shows what went wrong.
    socket.on('error', () => {});
    socket.on('close', () => this.#onClose());
  }

  #onMessage(data: RawData): void {
    const text = String(data);
    if (this.#node !== undefined) {
      this.ledger.echoed(Number(text));
      return;
    }
    const hello = helloShape.safeParse(parsed(text));
    if (!hello.success) return; // no sample backend: it is never counted as connected
    const { node } = hello.data;
    if (this.#lastNode !== undefined && this.#lastNode !== node) this.moves++;
    this.#node = this.#lastNode = node;
    this.greetedAt = performance.now();
    for (const number of this.ledger.unacknowledged()) this.#send(number);
  }

  #onClose(): void {
    const wasConnected = this.#node !== undefined;
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
