import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { WsClusterError } from '@wscluster/ring';
import { type Logger, READY_MESSAGE, STOP_MESSAGE, within } from '@wscluster/service';
import { backoffMs } from '@wscluster/transport';
import type { FromWorker, ToWorker } from './messages.ts';

/** The first replacement comes at once; if workers go on dying, the waits grow. */
const BACKOFF = { minMs: 100, maxMs: 10_000 };
/** A worker that has lived this long did not fail at its start. */
const SOUND_MS = 30_000;

export interface WorkerEvents {
  onMessage(worker: number, message: FromWorker): void;
  onGone(worker: number): void;
}

/** Keeps a number of worker processes running. Workers are numbered from 1; a replacement takes over the number. */
export class WorkerPool {
  readonly #count: number;
  readonly #events: WorkerEvents;
  readonly #log: Logger;
  readonly #workers = new Map<number, Worker>();
  readonly #waits = new Map<number, NodeJS.Timeout>();
  /** Deaths in a row, soon after the start. */
  #deaths = 0;
  #stopping = false;

  constructor(count: number, events: WorkerEvents, log: Logger) {
    this.#count = count;
    this.#events = events;
    this.#log = log;
  }

  /** Those that run. */
  get running(): readonly number[] {
    return [...this.#workers.keys()];
  }

  /** Resolves when all have started. Rejects with INTERNAL if one ends before that. */
  async start(): Promise<void> {
    const numbers = Array.from({ length: this.#count }, (_, index) => index + 1);
    await Promise.all(
      numbers.map(async (number) => {
        const worker = this.#fork(number);
        const [ready, [code]] = await Promise.race([
          once(worker, 'ready').then(() => [true, [0]] as const),
          once(worker, 'exit').then((args) => [false, args] as const),
        ]);
        if (!ready) throw new WsClusterError('INTERNAL', `worker ${number} ended at its start with code ${code}`);
      }),
    );
  }

  tell(number: number, message: ToWorker): void {
    const worker = this.#workers.get(number);
    // If it has just died, 'exit' follows.
    if (worker?.isConnected() === true) worker.send(message, undefined, () => {});
  }

  tellAll(message: ToWorker): void {
    for (const number of this.#workers.keys()) this.tell(number, message);
  }

  /** Ends a worker at once; it is replaced. */
  kill(number: number): void {
    this.#workers.get(number)?.process.kill('SIGKILL');
  }

  /** Lets all workers stop by themselves, and kills those that have not ended after `ms`. */
  async stop(ms: number): Promise<void> {
    this.#stopping = true;
    for (const wait of this.#waits.values()) clearTimeout(wait);
    const workers = [...this.#workers.values()];
    const ended = Promise.all(workers.map((worker) => once(worker, 'exit')));
    for (const worker of workers) if (worker.isConnected()) worker.send(STOP_MESSAGE, undefined, () => {});
    await within(ms, ended);
    for (const worker of this.#workers.values()) worker.process.kill('SIGKILL');
    await ended;
  }

  #fork(number: number): Worker {
    const worker = cluster.fork();
    const startedAt = performance.now();
    this.#workers.set(number, worker);
    worker.on('message', (message: FromWorker | typeof READY_MESSAGE) => {
      if (message === READY_MESSAGE) worker.emit('ready');
      else this.#events.onMessage(number, message);
    });
    worker.on('error', (error) => this.#log.debug({ event: 'worker-channel', worker: number, error }, error.message));
    worker.on('exit', (code, signal) => {
      this.#workers.delete(number);
      this.#events.onGone(number);
      if (this.#stopping) return;
      this.#deaths = performance.now() - startedAt > SOUND_MS ? 0 : this.#deaths + 1;
      const waitMs = this.#deaths <= 1 ? 0 : backoffMs(this.#deaths - 1, BACKOFF);
      this.#log.error(
        { event: 'worker-died', worker: number, code, signal, action: 'look for its last log lines; it is replaced' },
        `worker ${number} died (${signal ?? `code ${code}`}); its clients reconnect`,
      );
      this.#waits.set(
        number,
        setTimeout(() => this.#fork(number), waitMs),
      );
    });
    return worker;
  }
}
