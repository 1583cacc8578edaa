import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '@wscluster/ring';
import { type Logger, Trouble } from '@wscluster/service';
import { backoffMs } from '@wscluster/transport';
import { type ContainerEvent, momentAfter, parseEvent } from './event.ts';
import { EventLines } from './event-lines.ts';

const BACKOFF = { minMs: 50, maxMs: 5000 };
/**
 * The first request also asks for the events of the last moment, ms: the engine answers before it has subscribed us.
 */
const OVERLAP_MS = 1000;

export interface WatchHandlers {
  onEvent(event: ContainerEvent): void;
  /** The stream is open, for the first time or again: events may have been lost before. */
  onOpen(): void;
}

/** Follows the engine's events until it is closed. */
export class EventWatch {
  readonly #open: (since: string) => Promise<Readable>;
  readonly #handlers: WatchHandlers;
  readonly #log: Logger;
  readonly #trouble: Trouble;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #stream: Readable | undefined;
  #since = ((Date.now() - OVERLAP_MS) / 1000).toFixed(3);
  #tried = Promise.withResolvers<void>();

  constructor(open: (since: string) => Promise<Readable>, log: Logger, handlers: WatchHandlers) {
    this.#open = open;
    this.#log = log;
    this.#trouble = new Trouble(log);
    this.#handlers = handlers;
    this.#running = this.#run();
  }

  /** Resolves when the stream is open or could not be opened once: subscribe first, then list. */
  get tried(): Promise<void> {
    return this.#tried.promise;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#stream?.destroy();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const stream = await this.#open(this.#since);
        attempt = 0;
        await this.#follow(stream);
      } catch (error) {
        if (!signal.aborted) this.#failed(error);
      }
      this.#tried.resolve();
      await delay(backoffMs(attempt, BACKOFF), undefined, { signal }).catch(() => {});
    }
  }

  /** Resolves when the stream ends, for instance because the engine restarts. */
  async #follow(stream: Readable): Promise<void> {
    this.#stream = stream;
    const ended = new Promise<void>((resolve) => {
      stream.once('close', resolve);
      stream.once('error', () => {}); // A broken stream is an ended one.
    });
    if (this.#closing.signal.aborted) stream.destroy();
    const lines = new EventLines();
    stream.on('data', (chunk: Buffer) => {
      for (const line of lines.push(chunk)) this.#take(line);
    });
    this.#trouble.recovered({ event: 'docker-reachable' }, 'Docker answers again');
    this.#handlers.onOpen();
    this.#tried.resolve();
    await ended;
  }

  #take(line: string): void {
    try {
      const event = parseEvent(line);
      this.#since = momentAfter(line) ?? this.#since;
      if (event !== undefined) this.#handlers.onEvent(event);
    } catch (error) {
      this.#log.warn(
        { event: 'docker-event-unreadable', error, action: 'none: the next listing makes up for it' },
        `an event from Docker cannot be read: ${line.slice(0, 200)}`,
      );
    }
  }

  #failed(error: unknown): void {
    this.#trouble.failed(
      { event: 'docker-unreachable', error, action: 'see the message; the controller keeps trying' },
      messageOf(error),
    );
  }
}
