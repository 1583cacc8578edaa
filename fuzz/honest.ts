import { HonestSocket } from './honest-socket.ts';
import type { Patience } from './patience.ts';

/** Longest time that anything may take for an honest client, ms. */
const DEADLINE_MS = 25_000;
const PAUSE_MS = 20;

/** Clients that do what they should, beside the hostile ones, and must always be served, whoever owns their keys. */
export class HonestClients {
  readonly failures: string[] = [];
  /** Milliseconds of each round trip. */
  readonly times: number[] = [];
  readonly #port: number;
  readonly #patience: Patience;
  readonly #move: (key: string) => void;
  readonly #sockets: HonestSocket[] = [];
  readonly #loops: Promise<void>[] = [];
  #going = true;
  #paused = false;
  #busy = 0;

  /** `move`: gives a key another owner. */
  constructor(port: number, patience: Patience, move: (key: string) => void) {
    this.#port = port;
    this.#patience = patience;
    this.#move = move;
  }

  /** How often a WebSocket was taken to another node. */
  get moves(): number {
    return this.#sockets.reduce((sum, { moves }) => sum + moves, 0);
  }

  async start(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const socket = await HonestSocket.open(this.#port, key, this.#patience, DEADLINE_MS);
      this.#sockets.push(socket);
      this.#loop(`WebSocket of ${key}`, () => socket.talk(this.#move));
      socket.onClose((code) => this.#going && this.failures.push(`the WebSocket of ${key} ended: ${code}`));
      this.#loop(`requests of ${key}`, async (n) => {
        const url = `http://127.0.0.1:${this.#port}/send?userId=${key}&n=${n}`;
        const late = new AbortController();
        const inTime = this.#patience.after(DEADLINE_MS, () => late.abort(new Error('the answer is late')));
        const answer = await fetch(url, {
          method: 'POST',
          body: `${key} ${n}`,
          headers: { connection: 'close' },
          signal: late.signal,
        });
        const body = await answer.text();
        inTime();
        if (answer.status !== 200 || body !== `${key} ${n}`) throw new Error(`${answer.status} ${body}`);
      });
    }
  }

  /** Resolves when none of them waits for anything. */
  async pause(): Promise<void> {
    this.#paused = true;
    await this.#patience.until('the honest clients pause', () => this.#busy === 0, 2 * DEADLINE_MS);
  }

  resume(): void {
    this.#paused = false;
  }

  async stop(): Promise<void> {
    this.#going = false;
    this.#paused = false;
    await Promise.all(this.#loops);
    for (const socket of this.#sockets) socket.terminate();
  }

  #loop(who: string, once: (n: number) => Promise<void>): void {
    const loop = async () => {
      for (let n = 0; this.#going; n++) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        if (this.#paused) continue;
        this.#busy++;
        const start = performance.now();
        try {
          await once(n);
        } catch (error) {
          this.failures.push(`${who}: ${String(error)}`);
          return;
        } finally {
          this.#busy--;
        }
        this.times.push(performance.now() - start);
      }
    };
    this.#loops.push(loop());
  }
}
