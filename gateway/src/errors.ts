import { type ErrorCode, messageOf, WsClusterError } from '@wscluster/ring';

/** An error answer of the gateway itself. */
export interface Refusal {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON: code, message, the field at fault if there is one, and the request's id. */
  readonly body: string;
}

/** HTTP statuses of the codes that a gateway can refuse with. Other codes are not for clients, and become 500. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  KEY_MISSING: 400,
  KEY_INVALID: 400,
  REQUEST_INVALID: 400,
  UNAUTHORIZED: 401,
  NO_ROUTE: 404,
  NODE_UNKNOWN: 404,
  NODE_GONE: 410,
  LIMIT_REACHED: 429,
  OWNER_UNREACHABLE: 502,
  OWNER_PROTOCOL: 502,
  NO_RING: 503,
  NO_MEMBERS: 503,
  SHUTTING_DOWN: 503,
  OWNER_TIMEOUT: 504,
};

/** Statuses that HTTP has for one field alone. */
const FIELD_STATUS: Readonly<Record<string, number>> = { 'sec-websocket-version': 426, 'transfer-encoding': 501 };

/** The limits that can refuse a request, with their statuses. The error's field is the name of the limit. */
const LIMIT_STATUS = {
  maxConnections: 503,
  maxConnectionsPerKey: 429,
  maxHeaderBytes: 431,
  maxHeaderLines: 431,
  maxPathBytes: 414,
  handshakeSeconds: 408,
  requestSeconds: 408,
  bodySilenceSeconds: 408,
  maxHandshakesPerSecond: 503,
  maxHeldBytes: 503,
  maxRequests: 503,
  maxRequestsPerNode: 503,
  fileDescriptors: 503,
} as const;
export type RequestLimit = keyof typeof LIMIT_STATUS;

export function limitReached(limit: RequestLimit, message: string): WsClusterError {
  return new WsClusterError('LIMIT_REACHED', message, { field: limit });
}

/** The limit that refused a request; undefined for other errors. */
export function limitOf(error: WsClusterError): RequestLimit | undefined {
  if (error.code !== 'LIMIT_REACHED' || error.field === undefined || !(error.field in LIMIT_STATUS)) return undefined;
  return error.field as RequestLimit;
}

/** Of an error of a new socket, if this process has no file descriptor left for it: no node is to blame for that. */
export function descriptorsExhausted(error: Error): WsClusterError | undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'EMFILE' && code !== 'ENFILE') return undefined;
  return limitReached('fileDescriptors', 'this gateway has no file descriptor left');
}

/** Seconds after which a client may retry if there is no ring, if a limit is reached, or if the gateway is stopping. */
const RETRY_AFTER = '1';

/** The one place where errors become HTTP answers. */
export function refusalOf(error: WsClusterError, requestId: string): Refusal {
  const status = statusOf(error);
  // Details of a bug are for the log, not for clients.
  const message = status === 500 ? 'the gateway failed' : error.message;
  return {
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'x-request-id': requestId,
      ...((status === 503 || status === 429) && { 'retry-after': RETRY_AFTER }),
      ...(status === 426 && { 'sec-websocket-version': '13', upgrade: 'websocket' }),
    },
    body: `${JSON.stringify({ code: error.code, message, ...(error.field !== undefined && { field: error.field }), requestId })}\n`,
  };
}

/** The HTTP status that a client gets. */
export function statusOf(error: WsClusterError): number {
  const limit = limitOf(error);
  if (limit !== undefined) return LIMIT_STATUS[limit];
  return FIELD_STATUS[error.field ?? ''] ?? STATUS[error.code] ?? 500;
}

/** Turns anything thrown into a WsClusterError. */
export function asWsClusterError(thrown: unknown): WsClusterError {
  return thrown instanceof WsClusterError
    ? thrown
    : new WsClusterError('INTERNAL', messageOf(thrown), { cause: thrown });
}
