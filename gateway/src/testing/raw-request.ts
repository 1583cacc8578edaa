import { connect } from 'node:net';
import { eventually } from './eventually.ts';
import { type RawSocket, watchSocket } from './raw-socket.ts';

/** A plain request of the key ada. */
export const GET = 'GET /send?userId=ada HTTP/1.1\r\nHost: x\r\n\r\n';

/** Sends bytes as they are written here. */
export function rawBytes(port: number, text: string): RawSocket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.write(text, 'latin1');
  return watchSocket(socket);
}

/** The status and the problem of the gateway's answer; ends the client. */
export async function refusal(client: RawSocket): Promise<{ status: number; code: string; field?: string }> {
  await eventually('the whole answer', () => client.ended || client.closed || client.text.endsWith('}\n'), 10_000);
  client.socket.destroy();
  const [head = '', body = ''] = client.text.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), ...JSON.parse(body || '{}') };
}
