/**
 * The closed list of what can go wrong in wscluster. Clients, operators and tests tell errors apart by these codes, so
 * a code never changes its meaning. `retryable` says whether the same call may succeed later, unchanged.
 */
export const ERROR_CODES = {
  // Keys and routing
  NO_ROUTE: { retryable: false, meaning: 'no route of the cluster matches the path' },
  KEY_MISSING: { retryable: false, meaning: 'the request has no key where its route looks for one' },
  KEY_INVALID: { retryable: false, meaning: 'the key is empty, too long, given twice or not valid UTF-8' },
  NODE_UNKNOWN: { retryable: false, meaning: 'the request names a node that the cluster does not have' },
  NODE_GONE: { retryable: false, meaning: 'the request names a node that has left the cluster' },
  NO_RING: { retryable: true, meaning: 'this gateway has not received a ring yet' },
  NO_MEMBERS: { retryable: true, meaning: 'the ring has no members' },
  OWNER_UNREACHABLE: { retryable: true, meaning: 'the node that owns the key refused or broke the connection' },
  OWNER_TIMEOUT: { retryable: true, meaning: 'the node that owns the key did not answer in time' },
  OWNER_PROTOCOL: { retryable: false, meaning: 'the node that owns the key answered the upgrade incorrectly' },
  REQUEST_INVALID: { retryable: false, meaning: 'the request is malformed or not allowed here' },
  LIMIT_REACHED: { retryable: true, meaning: 'a configured limit of this process is reached' },
  SHUTTING_DOWN: { retryable: true, meaning: 'this process is stopping' },
  // Messages, rings, configuration
  MESSAGE_INVALID: { retryable: false, meaning: 'a message or stored document is damaged' },
  REVISION_STALE: { retryable: false, meaning: 'a revision is not newer than the current one' },
  CONFIG_INVALID: { retryable: false, meaning: 'a configuration value is missing or not allowed' },
  // API
  NOT_FOUND: { retryable: false, meaning: 'there is no such cluster, node or path' },
  CONFLICT: { retryable: true, meaning: 'the state has changed meanwhile, or does not allow the change' },
  NO_LEADER: { retryable: true, meaning: 'no controller leads the cluster at the moment' },
  API_UNREACHABLE: { retryable: true, meaning: 'the API of the controller does not answer' },
  UNAUTHORIZED: { retryable: false, meaning: 'the token is missing or wrong' },
  // The world outside
  PORT_TAKEN: { retryable: true, meaning: 'another process listens on the address' },
  STATE_IN_USE: { retryable: true, meaning: 'another process works with the state folder' },
  STORE_UNAVAILABLE: { retryable: true, meaning: 'the ring store cannot be read or written' },
  BUS_UNAVAILABLE: { retryable: true, meaning: 'the ring bus cannot be reached' },
  REGISTRY_UNAVAILABLE: { retryable: true, meaning: 'the registry cannot be read, or refuses a write' },
  SOURCE_UNAVAILABLE: { retryable: true, meaning: 'the workload source cannot be listed, or refuses an action' },
  INTERNAL: { retryable: false, meaning: 'a bug in wscluster' },
} as const satisfies Record<string, { retryable: boolean; meaning: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/**
 * What clients cause: the place in the code says nothing about it, and to record the stack costs a third of a refusal.
 */
const WITHOUT_STACK: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...(['NO_ROUTE', 'KEY_MISSING', 'KEY_INVALID', 'NODE_UNKNOWN', 'NODE_GONE', 'NO_RING', 'NO_MEMBERS'] as const),
  ...(['REQUEST_INVALID', 'LIMIT_REACHED', 'SHUTTING_DOWN'] as const),
]);

/** The one error class. `message` says what happened and what is allowed; `field` names the input at fault. */
export class WsClusterError extends Error {
  override readonly name = 'WsClusterError';
  readonly code: ErrorCode;
  readonly field: string | undefined;

  constructor(code: ErrorCode, message: string, options: { field?: string; cause?: unknown } = {}) {
    const { stackTraceLimit } = Error;
    if (WITHOUT_STACK.has(code)) Error.stackTraceLimit = 0;
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.field = options.field;
  }

  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }
}

/** The message of anything thrown: libraries also throw strings and bare objects. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
