import { WebSocket } from 'ws';
import { http } from '../../test/e2e/support/http.ts';
import { System } from '../../test/e2e/support/system.ts';
import { until } from '../../test/e2e/support/wait.ts';
import { atLeast, atMost, type BenchOptions, type BenchResult, median } from '../result.ts';

/** Few enough that the machine is half idle: a queue in front of a busy core would count as the migration's. */
const CLIENTS = 150;
const ROUNDS = 12;
/** What a client of an application waits before it reconnects. */
const BACKOFF_MS = 1_000;
const EVERY_MS = 40;
/** The default of a cluster. */
const PACE = 500;
/** In turn, of the first node: no process starts or ends, which would cost the clients more than the move. */
const WEIGHTS = [3, 1];

/**
 * How long a client goes without an answer while its owner changes. Each of 150 clients asks every 40 ms and notes its
 * longest wait, while the weight of one of three nodes changes; with `migrate`, and with `reconnect`. The clients that
 * moved count.
 */
export async function blackout({ quick }: BenchOptions): Promise<BenchResult[]> {
  const rounds = quick ? 2 : ROUNDS;
  const migrated = await longestWaits('migrate', rounds);
  const reconnected = await longestWaits('reconnect', quick ? 1 : ROUNDS / 2);
  const share = migrated.within25ms / migrated.migrations;
  return [
    atLeast(
      'migrate: migrations in which what the client sent waited at most 25 ms',
      100 * share,
      99,
      '%',
      `${migrated.within25ms} of ${migrated.migrations}, by the gateways' own histogram`,
    ),
    atLeast(
      'migrate: longest wait for an answer, reconnect with a back-off of 1 s relative to migrate',
      median(reconnected.waits) / median(migrated.waits),
      20,
      'times',
      `medians ${median(reconnected.waits).toFixed(0)} and ${median(migrated.waits).toFixed(1)} ms, p99 ${p99(reconnected.waits).toFixed(0)} and ${p99(migrated.waits).toFixed(1)} ms; ${migrated.waits.length} times a client moved in ${rounds} rounds`,
    ),
    atMost('migrate: disconnects', migrated.closes, 0, '', `of ${CLIENTS} clients in ${rounds} rounds`),
  ];
}

interface Waits {
  /** Of the clients that moved, in all rounds; ms. */
  readonly waits: number[];
  readonly closes: number;
  readonly within25ms: number;
  readonly migrations: number;
}

async function longestWaits(mode: 'migrate' | 'reconnect', rounds: number): Promise<Waits> {
  const rebalance = { mode, maxConnectionsPerSecond: PACE };
  const system = await System.start({ nodes: 3, gateways: 2, rebalance });
  const clients = Array.from({ length: CLIENTS }, (_, n) => new Asking(system.clientUrls(`user-${n}`)[n % 2] ?? ''));
  const asks = setInterval(() => {
    for (const client of clients) client.ask();
  }, EVERY_MS);
  const waits: number[] = [];
  try {
    await until('all get answers', () => clients.every(({ answers }) => answers > 5));
    for (let round = 0; round < rounds; round++) {
      process.stderr.write(`  ${mode}, round ${round + 1} of ${rounds}\n`);
      waits.push(...(await reweigh(system, clients, WEIGHTS[round % WEIGHTS.length] ?? 1)));
    }
    const texts = await Promise.all(
      system.gateways.map(async ({ probes }) => (await http('GET', `http://127.0.0.1:${probes}/metrics`)).text),
    );
    const sum = (pattern: RegExp) => texts.reduce((all, text) => all + Number(pattern.exec(text)?.[1] ?? 0), 0);
    return {
      waits,
      closes: clients.reduce((all, { closes }) => all + closes, 0),
      within25ms: sum(/blackout_seconds_bucket\{le="0.025"\} (\d+)/),
      migrations: sum(/blackout_seconds_count (\d+)/),
    };
  } finally {
    clearInterval(asks);
    for (const client of clients) client.stop();
    await system.stop();
  }
}

/** The longest wait of each client that moves when the first node gets this weight; ms. */
async function reweigh(system: System, clients: readonly Asking[], weight: number): Promise<number[]> {
  const { members, revision } = await system.ring();
  const before = await system.owners();
  for (const client of clients) client.longest = 0;
  await system.patch({ nodes: { weights: { [members[0]?.ringId ?? 0]: weight } } });
  await until('there is another ring', async () => (await system.ring()).revision.version > revision.version);
  await system.settled(3);
  const after = await system.owners();
  const moved = clients.filter((_, n) => before(`user-${n}`) !== after(`user-${n}`));
  const answers = moved.map((client) => client.answers);
  await until('all that moved get answers', () => moved.every((client, n) => client.answers > (answers[n] ?? 0)));
  return moved.map(({ longest }) => longest);
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
