import type { Routed } from '@wscluster/ring';
import { type AnswerHead, headerOf } from './answer-head.ts';

/** Header lines that the gateway adds to a node's answer to an upgrade. */
export function addedHeaders({ setCookie, subprotocol }: Routed, head: AnswerHead): string[] {
  const lines = setCookie === undefined ? [] : [`Set-Cookie: ${setCookie}`];
  // A browser gives the connection up if none of the subprotocols that it has offered is chosen. The node cannot choose
  // the one that it did not see.
  if (subprotocol !== undefined && head.status === 101 && headerOf(head, 'sec-websocket-protocol') === undefined)
    lines.push(`Sec-WebSocket-Protocol: ${subprotocol}`);
  return lines;
}

/** The bytes of the head for the client: without what is for the gateway alone, and with more lines at its end. */
export function headForClient({ raw, headers }: AnswerHead, added: readonly string[]): Buffer {
  const isForGateway = headers.some(([name]) => name.toLowerCase() === 'x-wscluster-migrate');
  if (!isForGateway && added.length === 0) return raw;
  const [statusLine, ...lines] = raw.toString('latin1', 0, raw.length - 4).split('\r\n');
  const kept = lines.filter((line) => !/^x-wscluster-migrate:/i.test(line));
  return Buffer.from(`${[statusLine, ...kept, ...added].join('\r\n')}\r\n\r\n`, 'latin1');
}
