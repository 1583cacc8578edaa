import type { IncomingMessage, ServerResponse } from 'node:http';
import { bornNow } from '../admission/ages.ts';
import type { Limits, SweptLimit } from '../limits.ts';
import type { LiveConnection } from '../move/live-connection.ts';
import type { Tracked, Tracker } from '../move/tracker.ts';
import { PatientTimer } from '../patient-timer.ts';
import type { SlotLoad } from '../relay/slot-load.ts';
import type { Destination } from '../table/locate.ts';
import { EventBoundary } from './event-boundary.ts';

/** Whether an answer is an event stream, as EventSource reads it. One of a known length is a document. */
export function isEventStream({ headers, statusCode }: IncomingMessage): boolean {
  const type = headers['content-type'] ?? '';
  return statusCode === 200 && headers['content-length'] === undefined && /^text\/event-stream\b/i.test(type);
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
  readonly birth = bornNow();
  readonly kind = 'eventStream';
  readonly portable = false;
  readonly connecting = false;
  readonly relaying = true;
  readonly #answer: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #limits: Limits;
  readonly #load: SlotLoad;
  readonly #boundary: EventBoundary | undefined;
  /** From the move to the end, within an event; then to the moment by which the client must have read it all. */
  #deadline: NodeJS.Timeout | undefined;
  #ending = false;
  readonly #silence = new PatientTimer();
  /** Since when data has waited for the client without any of it being read, monotonic ms; undefined: none waits. */
  #stalledSince: number | undefined;
  #written = 0;

  /** `answer`: not read yet; `res`: its head is written. */
  constructor(
    answer: IncomingMessage,
    res: ServerResponse,
    destination: Destination,
    nodeId: string,
    limits: Limits,
    load: SlotLoad,
  ) {
    this.slot = destination.slot;
    this.key = destination.key;
    this.nodeId = nodeId;
    this.#answer = answer;
    this.#res = res;
    this.#limits = limits;
    this.#load = load;
    // In a compressed stream no event can be found.
    this.#boundary = answer.headers['content-encoding'] === undefined ? new EventBoundary() : undefined;
  }

  /** Passes the stream on; resolves when it has ended, by whichever side. */
  pass(tracker: Tracker<LiveConnection>): Promise<void> {
    tracker.add(this);
    const [answer, res] = [this.#answer, this.#res];
    const { eventStreamMs } = this.#limits;
    if (eventStreamMs > 0) this.#silence.start(eventStreamMs, () => answer.destroy());
    return new Promise((resolve) => {
      answer.on('data', (chunk: Buffer) => this.#pass(chunk));
      answer.on('end', () => res.end()).on('error', () => res.destroy());
      answer.on('close', () => !answer.complete && !this.told && res.destroy());
      res.on('drain', () => answer.resume()).on('error', () => {});
      res.on('close', () => {
        clearTimeout(this.#deadline);
        this.#silence.stop();
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
    else this.#deadline ??= setTimeout(() => this.#end(), this.#limits.messageGraceMs);
  }

  /** A client that reads nothing of what waits for it is cut off. Silence has a limit of its own. */
  sweep({ stallMs }: Limits): SweptLimit | undefined {
    const waits = this.#res.writableLength > 0;
    const written = this.#res.socket?.bytesWritten ?? 0;
    if (!waits || written !== this.#written) this.#stalledSince = undefined;
    this.#written = written;
    if (!waits || stallMs === 0) return undefined;
    this.#stalledSince ??= performance.now();
    if (performance.now() - this.#stalledSince < stallMs) return undefined;
    this.destroy();
    return 'stallSeconds';
  }

  get relayedBytes(): number {
    return this.#res.socket?.bytesWritten ?? 0;
  }

  get heldBytes(): number {
    return this.#res.writableLength;
  }

  destroy(): void {
    this.#res.destroy();
  }

  #pass(chunk: Buffer): void {
    this.#silence.refresh();
    // Nobody counts its events: what arrives at once counts as a message.
    this.#load.add(this.slot, 1, chunk.length);
    const end = this.#boundary?.scan(chunk) ?? -1;
    if (this.told && end >= 0) {
      this.#res.write(chunk.subarray(0, end));
      this.#end();
    } else if (!this.#res.write(chunk)) this.#answer.pause();
  }

  #end(): void {
    if (this.#ending) return;
    this.#ending = true;
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.destroy(), this.#limits.closeMs);
    this.#answer.removeAllListeners('data').destroy();
    this.#res.end();
  }
}
