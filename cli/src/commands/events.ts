import { setTimeout as delay } from 'node:timers/promises';
import { WsClusterError } from '@wscluster/ring';
import { readEvents, type StreamedEvent } from '../api/event-stream.ts';
import { readAnswer } from '../api/read-answer.ts';
import { apiCommand, type Call } from '../api-command.ts';

/** Milliseconds between two attempts to reach a controller that is gone. */
const AGAIN_MS = 1000;
/** Milliseconds within which all copies of a signal have arrived. */
const LATE_SIGNAL_MS = 200;

/** `<run of the controller>.<number>`, as each line ends with. */
const EVENT_ID = /^[0-9a-f]{8}\.[1-9]\d*$/;

export const events = apiCommand({
  name: 'events',
  summary: 'follow what happens in the cluster',
  forms: ['[--since ID]'],
  flag: { name: 'since', help: '--since ID       start after this event (default: with the oldest event kept)' },
  help: `
Shows the last 1,000 events, then each new one until Ctrl-C: nodes that come and go, revisions of the ring, moves and
conditions. Each line ends with the id of its event, for --since. If the controller restarts, the command waits for it and
says so on stderr. With --json each line is one event.

  wscluster events
  wscluster events --json | jq -c 'select(.event == "node")'`,
  prepare(words, since) {
    if (words.length > 0) return undefined;
    if (since !== undefined && !EVENT_ID.test(since))
      throw new WsClusterError(
        'CONFIG_INVALID',
        `--since: must be the id of an event, such as 1a2b3c4d.17, not "${since}"`,
        {
          field: 'since',
        },
      );
    return (call) => follow(call, since);
  },
});

async function follow(call: Call, since: string | undefined): Promise<void> {
  const asked = new AbortController();
  const { signal } = asked;
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => asked.abort());
  await followUntil(signal, call, since);
  // One Ctrl-C arrives several times: from the terminal and from the process that started this one. While Node shuts
  // down it no longer handles signals, and a late copy would make the exit look like a failure.
  await delay(LATE_SIGNAL_MS);
}

async function followUntil(signal: AbortSignal, call: Call, since: string | undefined): Promise<void> {
  const { api, json, print } = call;
  let last = since;
  let connected = false;
  while (!signal.aborted) {
    try {
      const stream = await api.events('/events', last, signal);
      connected = true;
      for await (const event of readEvents(stream)) {
        last = event.id ?? last;
        print(json ? asJson(event) : asText(event));
      }
    } catch (error) {
      if (signal.aborted) return;
      // Never reached, or refused: a retry would hide the mistake. Lost in between: the controller comes back, and does
      // not lead at once.
      const refused = error instanceof WsClusterError && !error.retryable;
      if (!connected || refused) throw error;
    }
    if (signal.aborted) return;
    process.stderr.write(`the controller is gone; retrying every ${AGAIN_MS / 1000} s\n`);
    await delay(AGAIN_MS, undefined, { signal }).catch(() => {});
  }
}

function asJson({ id, event, data }: StreamedEvent): string {
  return `${JSON.stringify({ id: id ?? null, event, data: parsed(data) })}\n`;
}

function asText({ id, event, data }: StreamedEvent): string {
  const { at, message } = readAnswer('ClusterEvent', parsed(data));
  return `${at.slice(11, 23)}  ${event.padEnd(9)}  ${message}${id === undefined ? '' : `  (${id})`}\n`;
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch (error) {
    throw new WsClusterError('MESSAGE_INVALID', 'the API sent an event that is not JSON', { cause: error });
  }
}
