import { WebSocket } from 'ws';
import { until } from './wait.ts';

/** What a backend answers: `<key> on <node>: <text>`, or `<key> at <revision> on <node>: <text>`. */
export interface Answered {
  readonly key: string;
  readonly revision: string | undefined;
  readonly node: string;
  readonly text: string;
}

/** A client that comes back by the other gateway whenever its connection ends. */
export class ReturningClient {
  /** The codes with which its connections ended. */
  readonly codes: number[] = [];
  readonly messages: string[] = [];
  readonly key: string;
  readonly #urls: readonly string[];
  #socket: WebSocket;
  #stopped = false;

  constructor(key: string, urls: readonly string[]) {
    this.key = key;
    this.#urls = urls;
    this.#socket = this.#connect();
  }

  #connect(): WebSocket {
    const socket = new WebSocket(this.#urls[this.codes.length % this.#urls.length] ?? '');
    socket.on('error', () => {}); // a close follows
    socket.on('message', (data) => this.messages.push(String(data)));
    socket.on('close', (code) => {
      this.codes.push(code);
      if (!this.#stopped) this.#socket = this.#connect();
    });
    return socket;
  }

  /** Sends a text until it is answered: it may get lost while the client comes back. */
  async ask(text: string): Promise<Answered> {
    const found = () => this.messages.find((message) => message.endsWith(`: ${text}`));
    let asked: WebSocket | undefined;
    await until(`${this.key} gets an answer`, () => {
      if (asked !== this.#socket && this.#socket.readyState === WebSocket.OPEN) {
        asked = this.#socket;
        asked.send(text);
      }
      return found() !== undefined;
    });
    const [, key = '', revision, node = ''] = /^(\S+)(?: at (\S+))? on (\S+): /.exec(found() ?? '') ?? [];
    return { key, revision, node, text };
  }

  stop(): void {
    this.#stopped = true;
    this.#socket.terminate();
  }
}
