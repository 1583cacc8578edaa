import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WsClusterError } from '@wscluster/ring';
import { refusalOf } from '../errors.ts';

/** Milliseconds in which a client must read a short answer and close. */
const LINGER_MS = 2_000;
/** Of what it goes on sending meanwhile, so much is read: more than a client sends before it sees the answer. */
const LINGER_BYTES = 1 << 20;

/** Answers an upgrade with an error of the gateway itself, and closes. */
export function refuseUpgrade(client: Duplex, error: WsClusterError, requestId: string): void {
  const { status, headers, body } = refusalOf(error, requestId);
  const lines = Object.entries({ ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' });
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines.map(([name, value]) => `${name}: ${value}`)];
  endClient(client, `${head.join('\r\n')}\r\n\r\n${body}`);
}

/**
 * Ends a client's connection after a last write. Data that still arrives is read and dropped, since closing with unread
 * bytes resets the connection and may lose the answer. A connection that does not close by itself is destroyed.
 */
export function endClient(client: Duplex, last: string | Buffer): void {
  let dropped = 0;
  client.removeAllListeners('data').on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > LINGER_BYTES) client.pause();
  });
  client.resume();
  client.end(last);
  const timer = setTimeout(() => client.destroy(), LINGER_MS);
  client.once('close', () => clearTimeout(timer));
}
