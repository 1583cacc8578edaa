import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WsClusterError } from '@wscluster/ring';
import { refusalOf } from '../errors.ts';

/** Time for a client to take a short answer and close, ms. */
const LINGER_MS = 2_000;

/** Answers an upgrade with an error of the gateway's own, and closes. */
export function refuseUpgrade(client: Duplex, error: WsClusterError, requestId: string): void {
  const { status, headers, body } = refusalOf(error, requestId);
  const lines = Object.entries({ ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' });
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines.map(([name, value]) => `${name}: ${value}`)];
  endClient(client, `${head.join('\r\n')}\r\n\r\n${body}`);
}

/**
 * Ends a client's connection after a last write. What the client still sends is read and dropped, since closing over
 * unread bytes resets the connection and can take the answer away; what does not close by itself is destroyed.
 */
export function endClient(client: Duplex, last: string | Buffer): void {
  client.removeAllListeners('data');
  client.resume();
  client.end(last);
  const timer = setTimeout(() => client.destroy(), LINGER_MS);
  client.once('close', () => clearTimeout(timer));
}
