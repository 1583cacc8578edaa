import type { ConnectGate } from './connect-gate.ts';

/** Close codes with which gateways ask a client to reconnect at once. */
const MOVED = 1012;
const GOING_AWAY = 1001;
const MAX_WAIT_MS = 10_000;
/** A connection that has lasted so long was a good one. */
const STOOD_MS = 5_000;
const KEPT_MESSAGES = 5;

/** The data of a client's card. */
export interface ClientView {
  readonly key: string;
  readonly status: 'connecting' | 'open' | 'waiting';
  /** The node that the backend names; undefined before that, and for backends that name none. */
  readonly node: string | undefined;
  /** How often a Close said that another node owns its key, or that its node was lost. */
  readonly moved: number;
  readonly messageCount: number;
  /** The last ones, oldest first. */
  readonly messages: readonly string[];
}

/** A real WebSocket through a gateway, which reconnects by itself (docs/clients.md). */
export class PageClient {
  readonly #urls: readonly string[];
  readonly #gate: ConnectGate;
  readonly #onChange: () => void;
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt: number;
  #failures = 0;
  #closed = false;
  #view: ClientView;

  /** `urls`: one per gateway; `attempt` selects the first one. */
  constructor(key: string, urls: readonly string[], attempt: number, gate: ConnectGate, onChange: () => void) {
    this.#urls = urls;
    this.#gate = gate;
    this.#attempt = attempt;
    this.#onChange = onChange;
    this.#view = { key, status: 'connecting', node: undefined, moved: 0, messageCount: 0, messages: [] };
    this.#ask();
  }

  get view(): ClientView {
    return this.#view;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
  }

  #ask(): void {
    this.#gate.ask(() => {
      if (this.#closed) this.#gate.done();
      else this.#open();
    });
  }

  #open(): void {
    const socket = new WebSocket(this.#urls[this.#attempt++ % this.#urls.length] ?? '');
    this.#socket = socket;
    let openedAt = Number.POSITIVE_INFINITY;
    let greeted = false;
    socket.onopen = () => {
      openedAt = performance.now();
      this.#gate.done();
      this.#become({ status: 'open' });
    };
    socket.onmessage = ({ data }) => {
      const text = typeof data === 'string' ? data : '(binary)';
      const node = greeted ? undefined : greeting(text);
      greeted = true;
      if (node !== undefined) this.#become({ node });
      else
        this.#become({
          messageCount: this.#view.messageCount + 1,
          messages: [...this.#view.messages, text].slice(-KEPT_MESSAGES),
        });
    };
    socket.onclose = ({ code }) => {
      const opened = openedAt !== Number.POSITIVE_INFINITY;
      if (!opened) this.#gate.done();
      if (this.#closed) return;
      if (performance.now() - openedAt > STOOD_MS) this.#failures = 0;
      const moved = this.#view.moved + (opened && code === MOVED ? 1 : 0);
      if (opened && this.#failures === 0 && (code === MOVED || code === GOING_AWAY)) {
        this.#failures++;
        this.#become({ status: 'connecting', moved });
        return this.#ask();
      }
      this.#become({ status: 'waiting', moved });
      const most = Math.min(MAX_WAIT_MS, 200 * 2 ** this.#failures++);
      this.#timer = setTimeout(() => {
        this.#become({ status: 'connecting' });
        this.#ask();
      }, Math.random() * most);
    };
  }

  #become(change: Partial<ClientView>): void {
    this.#view = { ...this.#view, ...change };
    if (!this.#closed) this.#onChange();
  }
}

/** The node that the sample backend's first message names; undefined for any other message. */
function greeting(text: string): string | undefined {
  try {
    const hello = JSON.parse(text) as { type?: unknown; node?: unknown };
    return hello.type === 'hello' && typeof hello.node === 'string' ? hello.node : undefined;
  } catch {
    return undefined;
  }
}
