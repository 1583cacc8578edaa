import type { ServerResponse } from 'node:http';
import type { ClusterEvent, EventLog } from '../core/events/event-log.ts';

/** A comment this often keeps proxies from closing the stream, ms. */
const COMMENT_MS = 15_000;
/** A reader that is this far behind is disconnected; it comes back with Last-Event-ID and loses nothing. */
const MAX_BACKLOG_BYTES = 1024 * 1024;

/** Time for a reader to read the end of the stream, ms. */
const END_MS = 1000;

/** Least time between two states, ms. */
const STATE_MS = 250;

export interface EventStreamParts {
  readonly log: EventLog;
  /** The last event that the reader has. */
  readonly lastId: string | undefined;
  readonly res: ServerResponse;
  /** Ends the stream. */
  readonly signal: AbortSignal;
  /** The state as JSON. Sent at first and whenever it changes, as events without an id. Default: none is sent. */
  readonly state?: () => string;
}

/**
 * Writes the events after `lastId`, then each new event, as server-sent events, until the reader or `signal` ends it.
 */
export function streamEvents({ log, lastId, res, signal, state }: EventStreamParts): void {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  res.write('retry: 1000\n\n');
  const write = ({ id, ...data }: ClusterEvent) =>
    res.write(`id: ${id}\nevent: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`);
  for (const event of log.since(lastId)) write(event);
  const stop = log.listen((event) => {
    if (res.writableLength > MAX_BACKLOG_BYTES) res.destroy();
    else write(event);
  });
  const states = state === undefined ? undefined : tellStates(state, res);
  const comments = setInterval(() => res.write(': still here\n\n'), COMMENT_MS);
  let late: NodeJS.Timeout | undefined;
  const quiet = () => {
    stop();
    clearInterval(comments);
    clearInterval(states);
    clearTimeout(late);
    signal.removeEventListener('abort', end);
  };
  const end = () => {
    quiet();
    res.end();
    // A reader that reads nothing would block the shutdown forever.
    late = setTimeout(() => res.destroy(), END_MS);
  };
  res.once('close', quiet);
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
}

function tellStates(state: () => string, res: ServerResponse): NodeJS.Timeout {
  let told = '';
  const tell = () => {
    // A slow reader gets fewer states: each is complete.
    if (res.writableNeedDrain) return;
    const now = state();
    if (now === told) return;
    told = now;
    res.write(`event: state\ndata: ${now}\n\n`);
  };
  tell();
  return setInterval(tell, STATE_MS);
}
