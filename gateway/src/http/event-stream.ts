import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Limits } from '../limits.ts';
import type { LiveConnection } from '../move/live-connection.ts';
import type { Tracked, Tracker } from '../move/tracker.ts';
import type { Destination } from '../route/router.ts';
import { EventBoundary } from './event-boundary.ts';

/** Whether an answer is an event stream, as EventSource reads it. */
export function isEventStream({ headers, statusCode }: IncomingMessage): boolean {
  return statusCode === 200 && /^text\/event-stream\b/i.test(headers['content-type'] ?? '');
}

/**
 * An event stream of a node on its way to a client. It counts as a connection like a WebSocket, and moves like one: it
 * ends behind a whole event, and the client comes back by itself, as EventSource does.
 */
export class EventStream implements LiveConnection {
  readonly slot: number;
  readonly key: string;
  nodeId: string;
  next: Tracked | undefined = undefined;
  previous: Tracked | undefined = undefined;
  told = false;
  readonly connecting = false;
  readonly relaying = true;
  readonly #answer: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #limits: Limits;
  readonly #boundary: EventBoundary | undefined;
  #grace: NodeJS.Timeout | undefined;

  /** `answer`: not read yet; `res`: its head is written. */
  constructor(answer: IncomingMessage, res: ServerResponse, destination: Destination, nodeId: string, limits: Limits) {
    this.slot = destination.slot;
    this.key = destination.key;
    this.nodeId = nodeId;
    this.#answer = answer;
    this.#res = res;
    this.#limits = limits;
    // In a compressed stream no event can be found.
    this.#boundary = answer.headers['content-encoding'] === undefined ? new EventBoundary() : undefined;
  }

  /** Passes the stream on; resolves when it has ended, by whichever side. */
  pass(tracker: Tracker<LiveConnection>): Promise<void> {
    tracker.add(this);
    const [answer, res] = [this.#answer, this.#res];
    return new Promise((resolve) => {
      answer.on('data', (chunk: Buffer) => this.#pass(chunk));
      answer.on('end', () => res.end()).on('error', () => res.destroy());
      answer.on('close', () => !answer.complete && !this.told && res.destroy());
      res.on('drain', () => answer.resume()).on('error', () => {});
      res.on('close', () => {
        clearTimeout(this.#grace);
        answer.destroy();
        tracker.remove(this);
        resolve();
      });
    });
  }

  redirect(): void {}

  move(): void {
    this.close();
  }

  /** Ends behind the event that is under way, or after a while within it: the client drops what is not whole. */
  close(): void {
    this.told = true;
    if (this.#boundary?.reached === true) this.#end();
    else this.#grace ??= setTimeout(() => this.#end(), this.#limits.messageGraceMs);
  }

  /** Its own limit on silence ends it. */
  sweep(): undefined {}

  destroy(): void {
    this.#res.destroy();
  }

  #pass(chunk: Buffer): void {
    const end = this.#boundary?.scan(chunk) ?? -1;
    if (this.#grace !== undefined && end >= 0) {
      this.#res.write(chunk.subarray(0, end));
      this.#end();
    } else if (!this.#res.write(chunk)) this.#answer.pause();
  }

  #end(): void {
    this.#answer.removeAllListeners('data').destroy();
    this.#res.end();
  }
}
