import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ErrorCode, messageOf, WsClusterError } from '@wscluster/ring';

/** An error with the HTTP status that the client gets. */
export class HttpError extends WsClusterError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: ErrorCode, message: string, headers: Record<string, string> = {}) {
    super(code, message);
    this.status = status;
    this.headers = headers;
  }
}

export function answerJson(res: ServerResponse, body: object): void {
  res.setHeader('content-type', 'application/json').end(`${JSON.stringify(body)}\n`);
}

/** Answers with `{code, message}`. */
export function answerError(req: IncomingMessage, res: ServerResponse, error: unknown): void {
  const { status, headers, body } = described(error);
  // The rest of the body is not read, so the connection cannot be reused.
  const connection = req.complete ? {} : { connection: 'close' };
  if (!res.headersSent) res.writeHead(status, { ...headers, ...connection, 'content-type': 'application/json' });
  res.end(body);
}

/** The same for an upgrade, where there is only a socket. */
export function refuseUpgrade(socket: Duplex, error: unknown): void {
  const { status, body } = described(error);
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function described(error: unknown): { status: number; headers: Readonly<Record<string, string>>; body: string } {
  const code: ErrorCode = error instanceof WsClusterError ? error.code : 'INTERNAL';
  const status = error instanceof HttpError ? error.status : code === 'INTERNAL' ? 500 : 400;
  const headers = error instanceof HttpError ? error.headers : {};
  return { status, headers, body: `${JSON.stringify({ code, message: messageOf(error) })}\n` };
}
