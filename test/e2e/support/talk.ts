import type { Client } from './client.ts';

/** Milliseconds between two turns to send. */
const TURN_MS = 20;

/**
 * Clients that send by Zipf's law: the first one most, each other one by its rank. They send as evenly as they can, so
 * that a few seconds show what each of them does.
 */
export class ZipfTalk {
  readonly #clients: readonly Client[];
  readonly #parts: readonly number[];
  readonly #owed: number[];
  readonly #perTurn: number;
  readonly #timer: NodeJS.Timeout;
  #sent = new Map<string, number>();

  /** `perSecond`: messages of all clients together. */
  constructor(clients: readonly Client[], exponent: number, perSecond: number) {
    this.#clients = clients;
    const weights = clients.map((_, rank) => (rank + 1) ** -exponent);
    const whole = weights.reduce((sum, weight) => sum + weight, 0);
    this.#parts = weights.map((weight) => weight / whole);
    this.#owed = clients.map(() => 0);
    this.#perTurn = (perSecond * TURN_MS) / 1000;
    this.#timer = setInterval(() => this.#turn(), TURN_MS);
  }

  /** What each node is sent, as a part of all, as clients are connected now. */
  parts(nodes: readonly string[]): number[] {
    const at = (node: string) =>
      this.#parts.reduce((sum, part, index) => sum + (this.#clients[index]?.node === node ? part : 0), 0);
    return nodes.map(at);
  }

  /** Messages that each node was sent since this was last called. */
  sent(nodes: readonly string[]): number[] {
    const sent = this.#sent;
    this.#sent = new Map();
    return nodes.map((node) => sent.get(node) ?? 0);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #turn(): void {
    for (const [index, client] of this.#clients.entries()) {
      this.#owed[index] = (this.#owed[index] as number) + (this.#parts[index] as number) * this.#perTurn;
      while ((this.#owed[index] as number) >= 1) {
        this.#owed[index] = (this.#owed[index] as number) - 1;
        const { node } = client;
        if (node === undefined) continue;
        client.send();
        this.#sent.set(node, (this.#sent.get(node) ?? 0) + 1);
      }
    }
  }
}
