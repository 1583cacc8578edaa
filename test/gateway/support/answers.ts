import { connect } from 'node:net';
import { eventually } from '@wscluster/gateway/testing/eventually';
import { type RawSocket, watchSocket } from '@wscluster/gateway/testing/raw-socket';

/** What a raw client got before its connection was ended. */
export interface RawAnswer {
  readonly status: number;
  /** Status line and headers, in lower case. */
  readonly head: string;
  readonly body: string;
}

/** Sends bytes as they are written here (latin1: one character a byte), and does nothing by itself from then on. */
export function rawClient(port: number, text: string): RawSocket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.write(text, 'latin1');
  return watchSocket(socket);
}

/** The lines of a head with the empty line that ends it. */
export function headOf(...lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Waits for the server to end the connection, ends it too, and reads what came as an answer. */
export async function answerTo(client: RawSocket, deadlineMs?: number): Promise<RawAnswer> {
  await eventually('the end of the answer', () => client.ended || client.closed, deadlineMs);
  client.socket.end();
  const [head = '', ...rest] = client.text.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), head: head.toLowerCase(), body: rest.join('\r\n\r\n') };
}

/** The gateway's own refusals have a JSON body. */
export function codeOf(answer: RawAnswer): { code: string; field?: string } {
  const { code, field } = JSON.parse(answer.body) as { code: string; field?: string };
  return field === undefined ? { code } : { code, field };
}
