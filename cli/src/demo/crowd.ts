import { setTimeout as delay } from 'node:timers/promises';
import { DemoClient } from './client.ts';

/**
 * Limit of messages a second for all clients together, so that a small machine shows the cluster and not its own
 * limits.
 */
const MOST_MESSAGES_PER_SECOND = 2000;
const TICK_MS = 50;
/** Clients that may be connecting at the same time. */
const WAVE = 100;
const GOODBYE_MS = 2000;

/** All clients of the demo, each writing about one message a second. */
export class Crowd {
  readonly clients: DemoClient[] = [];
  #timer: NodeJS.Timeout | undefined;
  #turn = 0;

  /** Connects them in waves; resolves when all have been greeted. */
  async connect(size: number, urlsOf: (key: string) => readonly string[], signal: AbortSignal): Promise<void> {
    for (let index = 0; index < size; index++) {
      const key = `demo-${index + 1}`;
      this.clients.push(new DemoClient(key, urlsOf(key), index));
      while (this.clients.length - this.connected >= WAVE) await delay(10, undefined, { signal });
    }
    while (this.connected < size) await delay(10, undefined, { signal });
  }

  /** The clients begin to send. */
  talk(): void {
    const perTick = (Math.min(this.clients.length, MOST_MESSAGES_PER_SECOND) * TICK_MS) / 1000;
    let owed = 0;
    this.#timer = setInterval(() => {
      const now = performance.now();
      for (owed += perTick; owed >= 1; owed--) this.clients[this.#turn++ % this.clients.length]?.say();
      for (const client of this.clients) client.expire(now);
    }, TICK_MS);
  }

  /** The clients stop sending; waits up to `deadlineMs` for the last echoes. Messages without one are then lost. */
  async quiet(deadlineMs: number): Promise<void> {
    clearInterval(this.#timer);
    const deadline = performance.now() + deadlineMs;
    while (this.clients.some(({ ledger }) => ledger.pending > 0) && performance.now() < deadline) await delay(20);
    for (const { ledger } of this.clients) ledger.close();
  }

  /** Closes all clients; those that get no answer within 2 s are cut off. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    for (const client of this.clients) client.stop();
    const deadline = performance.now() + GOODBYE_MS;
    while (this.clients.some(({ gone }) => !gone) && performance.now() < deadline) await delay(20);
    for (const client of this.clients) client.cutOff();
  }

  get connected(): number {
    return this.clients.filter(({ node }) => node !== undefined).length;
  }

  get moved(): number {
    return this.clients.reduce((sum, { moves }) => sum + moves, 0);
  }

  get echoed(): number {
    return this.clients.reduce((sum, { ledger }) => sum + ledger.acknowledged, 0);
  }

  get lost(): number {
    return this.clients.reduce((sum, { ledger }) => sum + ledger.lost, 0);
  }

  /** Clients by the node that they are on. */
  get byNode(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { node } of this.clients) if (node !== undefined) counts.set(node, (counts.get(node) ?? 0) + 1);
    return counts;
  }
}
