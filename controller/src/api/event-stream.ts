import type { ServerResponse } from 'node:http';
import type { ClusterEvent, EventLog } from '../events/event-log.ts';

/** A comment this often keeps proxies from taking the stream for dead, ms. */
const COMMENT_MS = 15_000;
/** A reader that is this far behind is cut off; it comes back with Last-Event-ID and loses nothing. */
const MAX_BACKLOG_BYTES = 1024 * 1024;

/** Writes the events after `lastId`, and then each new one, as server-sent events, until the reader or `signal` ends it. */
export function streamEvents(
  log: EventLog,
  lastId: string | undefined,
  res: ServerResponse,
  signal: AbortSignal,
): void {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  res.write('retry: 1000\n\n');
  const send = (event: ClusterEvent) => {
    if (res.writableLength > MAX_BACKLOG_BYTES) return res.destroy();
    const { id, type, ...data } = event;
    return res.write(`id: ${id}\nevent: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  };
  for (const event of log.since(lastId)) send(event);
  const stop = log.listen(send);
  const comments = setInterval(() => res.write(': still here\n\n'), COMMENT_MS);
  const end = () => res.end();
  signal.addEventListener('abort', end, { once: true });
  res.once('close', () => {
    stop();
    clearInterval(comments);
    signal.removeEventListener('abort', end);
  });
}
