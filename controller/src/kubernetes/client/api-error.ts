import { type ErrorCode, messageOf, WsClusterError } from '@wscluster/ring';

/** An unsuccessful answer of the API server. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal';
  readonly status: number;
  /** The reason in one word, such as `AlreadyExists` or `Expired`; empty if there is none. */
  readonly reason: string;
  /** How long the server wants to be left alone, ms; undefined if it does not say. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, reason: string, message: string, retryAfterMs?: number) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A request to the API server, for messages. */
export interface Request {
  /** In the terms of RBAC: get, list, watch, create, update, patch, delete. */
  readonly verb: string;
  /** Plural, with the subresource: `pods`, `wsclusters/status`. */
  readonly resource: string;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

/** The refusal behind an error of the Kubernetes client; undefined if there was no answer. */
export function refusalOf(error: unknown): ApiRefusal | undefined {
  if (error instanceof ApiRefusal) return error;
  return error instanceof WsClusterError && error.cause instanceof ApiRefusal ? error.cause : undefined;
}

/**
 * Parses an unsuccessful answer. `body`: a Status object, or whatever a proxy wrote. `retryAfter`: the header; seconds
 * are read, a date is not.
 */
export function readRefusal(status: number, body: string, retryAfter = ''): ApiRefusal {
  const retryAfterMs = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : undefined;
  try {
    const { message, reason } = JSON.parse(body) as { message?: unknown; reason?: unknown };
    if (typeof message === 'string')
      return new ApiRefusal(status, typeof reason === 'string' ? reason : '', message, retryAfterMs);
  } catch {
    // The answer is not from the API server itself.
  }
  return new ApiRefusal(status, '', `${status} ${body.slice(0, 300)}`.trim(), retryAfterMs);
}

/**
 * A failed request as a WsClusterError: the request, the server, its answer, and what to do. NOT_FOUND, CONFLICT (has
 * changed, or exists), CONFIG_INVALID (the object is refused), else SOURCE_UNAVAILABLE.
 */
export function apiError(thrown: unknown, server: string, request: Request): WsClusterError {
  if (thrown instanceof WsClusterError) return thrown;
  const advice = adviceOn(thrown, request);
  const message = `Kubernetes at ${server} cannot ${inWords(request)}: ${reasonOf(thrown)}${advice === '' ? '' : `; ${advice}`}`;
  return new WsClusterError(codeOf(thrown), message, { cause: thrown });
}

function inWords({ verb, resource, namespace, name }: Request): string {
  const what = name === undefined ? resource : `${resource} ${name}`;
  return `${verb} ${what} ${namespace === undefined ? 'in all namespaces' : `in the namespace ${namespace}`}`;
}

function reasonOf(thrown: unknown): string {
  const code = codeIn(thrown);
  const message = messageOf(thrown);
  if (message === '') return code;
  return code === '' || message.includes(code) ? message : `${message} (${code})`;
}

function codeIn(thrown: unknown): string {
  const code = (thrown as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : '';
}

function codeOf(thrown: unknown): ErrorCode {
  if (!(thrown instanceof ApiRefusal)) return 'SOURCE_UNAVAILABLE';
  if (thrown.status === 404) return 'NOT_FOUND';
  if (thrown.status === 409) return 'CONFLICT';
  // The object is malformed: whoever wrote the template has to fix it.
  if (thrown.status === 400 || thrown.status === 413 || thrown.status === 422) return 'CONFIG_INVALID';
  return 'SOURCE_UNAVAILABLE';
}

function adviceOn(thrown: unknown, request: Request): string {
  if (thrown instanceof ApiRefusal) return adviceOnRefusal(thrown, request);
  const code = codeIn(thrown);
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return 'check that the API server is running, and that the kubeconfig names its address';
  if (code === 'EPROTO' || messageOf(thrown).includes('wrong version number'))
    return 'it does not use TLS there: check the address in the kubeconfig';
  if (code.includes('CERT') || code.includes('SIGNATURE') || code.startsWith('ERR_TLS'))
    return 'its certificate is not trusted: check certificate-authority in the kubeconfig';
  return '';
}

function adviceOnRefusal({ status, message }: ApiRefusal, { verb, resource, namespace, name }: Request): string {
  if (status === 401)
    return "the token or certificate is not accepted: check the user in the kubeconfig, or the pod's service account";
  if (status === 403 && message.includes('exceeded quota')) return 'raise the quota, or request less';
  if (status === 403 && message.includes('PodSecurity'))
    return "change the pod template so that it meets the namespace's pod security level";
  if (status === 403 && message.includes('being terminated')) return 'the namespace is being deleted';
  // Any other 403 that is not about permissions comes from an admission webhook, which explains itself.
  if (status === 403 && message.includes(' cannot '))
    return `allow the verb ${verb} on ${resource} ${namespace === undefined ? 'in all namespaces' : `in the namespace ${namespace}`} to the controller's account (RBAC)`;
  if (status === 404 && name === undefined && resource.startsWith('wsclusters'))
    return 'install the custom resource definition: kubectl apply -k crds';
  if (status === 429 || status >= 500)
    return 'the controller tries again; if this persists, see the logs of the API server';
  return '';
}
