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

/** The bytes of the head with more lines at its end. */
export function withHeaders({ raw }: AnswerHead, lines: readonly string[]): Buffer {
  if (lines.length === 0) return raw;
  return Buffer.concat([raw.subarray(0, -2), Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')]);
}
