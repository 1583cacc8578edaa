import { type Client, connectClient } from '@wscluster/gateway/testing/client';
import type { Patience } from './patience.ts';

/** After so many answers of one node, the client asks for another owner. */
const STAY = 10;

/** The WebSocket of an honest client. It goes from node to node, and notices nothing of that. */
export class HonestSocket {
  readonly #client: Client;
  readonly #key: string;
  readonly #patience: Patience;
  readonly #deadlineMs: number;
  /** Messages that its nodes have answered. */
  #count = 0;
  #node: string | undefined;
  /** Of the present node. */
  #answers = 0;
  #askedAt = 0;
  /** How often it was at another node. */
  moves = 0;

  private constructor(client: Client, key: string, patience: Patience, deadlineMs: number) {
    this.#client = client;
    this.#key = key;
    this.#patience = patience;
    this.#deadlineMs = deadlineMs;
  }

  static async open(port: number, key: string, patience: Patience, deadlineMs: number): Promise<HonestSocket> {
    return new HonestSocket(await connectClient(port, key), key, patience, deadlineMs);
  }

  onClose(listener: (code: number) => void): void {
    this.#client.socket.on('close', listener);
  }

  terminate(): void {
    this.#client.socket.terminate();
  }

  /** Sends a message, and gets its answer. `move`: gives the key another owner. */
  async talk(move: (key: string) => void): Promise<void> {
    const { socket, messages } = this.#client;
    const text = `${this.#key}-${this.#count}`;
    socket.send(text);
    await this.#patience.until('the answer', () => messages.length > 0, this.#deadlineMs);
    const answers = messages.splice(0).join(', ');
    const [node, ...rest] = answers.split(' ');
    // Its nodes hand over how many they have answered.
    const expected = `${this.#count++} ${text}`;
    if (rest.join(' ') !== expected) throw new Error(`the answer is ${answers}, not ${expected}`);
    if (node !== this.#node) {
      if (this.#node !== undefined) this.moves++;
      this.#node = node;
      this.#answers = 0;
    }
    this.#answers++;
    if (this.#answers === STAY) {
      move(this.#key);
      this.#askedAt = this.#patience.now;
    } else if (this.#answers > STAY && this.#patience.now - this.#askedAt > this.#deadlineMs)
      throw new Error(`still at ${node}, which is not the owner any more`);
  }
}
