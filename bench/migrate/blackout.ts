import { WebSocket } from 'ws';
import { http } from '../../test/e2e/support/http.ts';
import { System } from '../../test/e2e/support/system.ts';
import { until } from '../../test/e2e/support/wait.ts';
import { atLeast, atMost, type BenchOptions, type BenchResult, median } from '../result.ts';

/** Few enough that the machine is half idle: a queue in front of a busy core would count as the migration's. */
const CLIENTS = 150;
const ROUNDS = 6;
/** What a client of an application waits before it reconnects. */
const BACKOFF_MS = 1_000;
const EVERY_MS = 20;

/**
 * How long a client goes without an answer while its owner changes. Each of 150 clients asks every 20 ms and notes its
 * longest wait, while a fourth node joins three; with `migrate` and with `reconnect`, in turn. The clients that moved
 * count.
 */
export async function blackout({ quick }: BenchOptions): Promise<BenchResult[]> {
  const rounds = quick ? 1 : ROUNDS;
  const migrated: number[] = [];
  const reconnected: number[] = [];
  let blackouts: [within: number, all: number] = [0, 0];
  let disconnected = 0;
  for (let round = 0; round < rounds; round++) {
    const one = await longestWaits('migrate');
    migrated.push(...one.waits);
    blackouts = [blackouts[0] + one.within25ms, blackouts[1] + one.migrations];
    disconnected += one.disconnected;
    reconnected.push(...(await longestWaits('reconnect')).waits);
  }
  const share = blackouts[0] / blackouts[1];
  return [
    atLeast(
      'migrate: migrations in which what the client sent waited at most 25 ms',
      100 * share,
      99,
      '%',
      `${blackouts[0]} of ${blackouts[1]}, by the gateways' own histogram`,
    ),
    atLeast(
      'migrate: longest wait for an answer, reconnect with a back-off of 1 s relative to migrate',
      median(reconnected) / median(migrated),
      20,
      'times',
      `medians ${median(reconnected).toFixed(0)} and ${median(migrated).toFixed(1)} ms, p99 ${p99(reconnected).toFixed(0)} and ${p99(migrated).toFixed(1)} ms; ${migrated.length} clients moved in ${rounds} rounds`,
    ),
    atMost('migrate: clients that were disconnected', disconnected, 0, '', `of ${CLIENTS} in each of ${rounds} rounds`),
  ];
}

interface Waits {
  readonly waits: number[];
  readonly disconnected: number;
  readonly within25ms: number;
  readonly migrations: number;
}

async function longestWaits(mode: 'migrate' | 'reconnect'): Promise<Waits> {
  const system = await System.start({ nodes: 3, gateways: 2, rebalance: { mode } });
  const clients = Array.from({ length: CLIENTS }, (_, n) => new Asking(system.clientUrls(`user-${n}`)[n % 2] ?? ''));
  const asks = setInterval(() => {
    for (const client of clients) client.ask();
  }, EVERY_MS);
  try {
    await until('all get answers', () => clients.every(({ answers }) => answers > 5));
    const before = await system.owners();
    for (const client of clients) client.longest = 0;
    await system.addNode();
    await system.settled(4);
    const after = await system.owners();
    const moved = clients.filter((_, n) => before(`user-${n}`) !== after(`user-${n}`));
    await until('all that moved get answers', () => moved.every(({ waiting }) => !waiting));
    const texts = await Promise.all(
      system.gateways.map(async ({ probes }) => (await http('GET', `http://127.0.0.1:${probes}/metrics`)).text),
    );
    const sum = (pattern: RegExp) => texts.reduce((all, text) => all + Number(pattern.exec(text)?.[1] ?? 0), 0);
    return {
      disconnected: clients.filter(({ closes }) => closes > 0).length,
      waits: moved.map(({ longest }) => longest),
      within25ms: sum(/blackout_seconds_bucket\{le="0.025"\} (\d+)/),
      migrations: sum(/blackout_seconds_count (\d+)/),
    };
  } finally {
    clearInterval(asks);
    for (const client of clients) client.stop();
    await system.stop();
  }
}

/** Asks, one question at a time, and reconnects a second after a Close. */
class Asking {
  answers = 0;
  closes = 0;
  longest = 0;
  waiting = false;
  readonly #url: string;
  #socket: WebSocket;
  #askedAt = 0;
  #stopped = false;

  constructor(url: string) {
    this.#url = url;
    this.#socket = this.#connect();
  }

  ask(): void {
    if (this.waiting) {
      this.longest = Math.max(this.longest, performance.now() - this.#askedAt);
      return;
    }
    if (this.#socket.readyState === WebSocket.CONNECTING) return;
    this.#askedAt = performance.now();
    this.waiting = true;
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send('?');
  }

  stop(): void {
    this.#stopped = true;
    this.#socket.terminate();
  }

  #connect(): WebSocket {
    const socket = new WebSocket(this.#url);
    socket.on('open', () => this.waiting && socket.send('?'));
    socket.on('message', (data) => {
      if (String(data) !== '?') return; // a greeting
      this.answers++;
      this.longest = Math.max(this.longest, performance.now() - this.#askedAt);
      this.waiting = false;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#stopped) return;
      this.closes++;
      setTimeout(() => {
        if (!this.#stopped) this.#socket = this.#connect();
      }, BACKOFF_MS);
    });
    return socket;
  }
}

function p99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? Number.NaN;
}
