import { type Client, connectClient } from '@wscluster/gateway/testing/client';
import type { Patience } from './patience.ts';

/** After so many answers of one node, the client asks for another owner. */
const STAY = 10;
const MOST_AT_ONCE = 4;

/** The WebSocket of an honest client. It goes from node to node, and notices nothing of that. */
export class HonestSocket {
  readonly #client: Client;
  readonly #key: string;
  readonly #patience: Patience;
  readonly #deadlineMs: number;
  #round = 0;
  /** Messages that its nodes have answered. */
  #count = 0;
  #node: string | undefined;
  /** Of the present node. */
  #answers = 0;
  /** When it asked for another owner than the present node. */
  #askedAt: number | undefined;
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

  /** Sends some messages at once, and gets their answers in order. `move`: gives the key another owner. */
  async talk(move: (key: string) => void): Promise<void> {
    const { socket, messages } = this.#client;
    const first = this.#count;
    const texts = Array.from({ length: 1 + (this.#round++ % MOST_AT_ONCE) }, (_, i) => `${this.#key}-${first + i}`);
    for (const text of texts) socket.send(text);
    await this.#patience.until('the answers', () => messages.length >= texts.length, this.#deadlineMs);
    const answers = messages.splice(0);
    if (answers.length > texts.length)
      throw new Error(`${texts.length} messages have the answers ${answers.join(', ')}`);
    for (const [i, text] of texts.entries()) this.#take(answers[i] as string, text);
    if (this.#askedAt === undefined && this.#answers >= STAY) {
      move(this.#key);
      this.#askedAt = this.#patience.now;
    } else if (this.#askedAt !== undefined && this.#patience.now - this.#askedAt > this.#deadlineMs)
      throw new Error(`still at ${this.#node}, which is not the owner any more`);
  }

  #take(answer: string, text: string): void {
    const [node, ...rest] = answer.split(' ');
    // Its nodes hand over how many they have answered.
    const expected = `${this.#count++} ${text}`;
    if (rest.join(' ') !== expected) throw new Error(`the answer is ${answer}, not ${expected}`);
    if (node !== this.#node) {
      if (this.#node !== undefined) this.moves++;
      this.#node = node;
      this.#answers = 0;
      this.#askedAt = undefined;
    }
    this.#answers++;
  }
}
