import { setTimeout as delay } from 'node:timers/promises';
import { Backend } from './backend.ts';
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
/** When no further client has connected for this long, the others cannot, ms. */
const STUCK_MS = 30_000;

/** All clients of the demo, each writing about one message a second. */
export class Crowd {
  readonly clients: DemoClient[] = [];
  readonly backend = new Backend();

  /** `greets`: the nodes are known to be the sample backend. */
  constructor(greets: boolean) {
    if (greets) this.backend.greeted();
  }

  #timer: NodeJS.Timeout | undefined;
  #turn = 0;

  /** Connects them in waves; resolves when all are connected, or with false when the others cannot. */
  async connect(size: number, urlsOf: (key: string) => readonly string[], signal: AbortSignal): Promise<boolean> {
    let most = 0;
    let since = performance.now();
    const isStuck = () => {
      const { connected } = this;
      if (connected > most) since = performance.now();
      most = Math.max(most, connected);
      return performance.now() - since > STUCK_MS;
    };
    const are = async (enough: () => boolean) => {
      while (!enough()) {
        if (isStuck()) return false;
        await delay(10, undefined, { signal });
      }
      return true;
    };
    for (let index = 0; index < size; index++) {
      const key = `demo-${index + 1}`;
      this.clients.push(new DemoClient(key, urlsOf(key), index, this.backend));
      if (!(await are(() => this.clients.length - this.connected < WAVE))) return false;
    }
    return are(() => this.connected >= size);
  }

  /** Those that tried and never had a connection, in words; undefined: none. */
  get unable(): string | undefined {
    const unable = this.clients.filter(({ wasConnected, failure }) => !wasConnected && failure !== undefined);
    if (unable.length === 0) return undefined;
    return `${unable.length} of ${this.clients.length} clients could not connect: ${unable[0]?.failure}`;
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
    return this.clients.filter(({ connected }) => connected).length;
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

  /** Clients by the node that they are on, as far as nodes greet. */
  get byNode(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { node } of this.clients) if (node !== undefined) counts.set(node, (counts.get(node) ?? 0) + 1);
    return counts;
  }
}
