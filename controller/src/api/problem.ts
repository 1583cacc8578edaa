import { type ErrorCode, messageOf, WsClusterError } from '@wscluster/ring';

/** RFC 9457 problem details, with a code for programs. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  /** The invalid input, if there is one. */
  readonly field?: string;
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  KEY_MISSING: 400,
  KEY_INVALID: 400,
  REQUEST_INVALID: 400,
  CONFIG_INVALID: 400,
  UNAUTHORIZED: 401,
  NO_ROUTE: 404,
  NODE_UNKNOWN: 404,
  NOT_FOUND: 404,
  CONFLICT: 409,
  LIMIT_REACHED: 413,
  OWNER_UNREACHABLE: 502,
  OWNER_PROTOCOL: 502,
  NO_RING: 503,
  NO_MEMBERS: 503,
  NO_LEADER: 503,
  SOURCE_UNAVAILABLE: 503,
  STORE_UNAVAILABLE: 503,
  BUS_UNAVAILABLE: 503,
  REGISTRY_UNAVAILABLE: 503,
};

/**
 * The only translation of errors into API answers. Errors from elsewhere become INTERNAL, and their text only goes to
 * the log.
 */
export function problemOf(thrown: unknown): Problem {
  if (!(thrown instanceof WsClusterError)) return problem('INTERNAL', 500, 'see the controller log');
  return problem(thrown.code, STATUS[thrown.code] ?? 500, messageOf(thrown), thrown.field);
}

function problem(code: ErrorCode, status: number, detail: string, field?: string): Problem {
  const title = code.toLowerCase().replaceAll('_', ' ');
  const type = `urn:wscluster:error:${code.toLowerCase().replaceAll('_', '-')}`;
  return { type, title, status, detail, code, ...(field === undefined ? {} : { field }) };
}
