import { messageOf, WsClusterError } from '@wscluster/ring';

/** An unsuccessful answer of the engine, as the client library throws it. */
interface HttpFailure {
  readonly statusCode: number;
  readonly json?: { readonly message?: unknown } | null;
}

/** The HTTP status of a thrown answer; undefined when there was none. */
export function statusOf(thrown: unknown): number | undefined {
  return isHttpFailure(thrown) ? thrown.statusCode : undefined;
}

/** What the engine said, without the client library's wrapping. */
function engineMessage(thrown: unknown): string {
  if (isHttpFailure(thrown) && typeof thrown.json?.message === 'string') return thrown.json.message;
  return messageOf(thrown)
    .replace(/^\(HTTP code \d+\) [^-]*- /, '')
    .trim();
}

/** A failed request as SOURCE_UNAVAILABLE: the request, the engine, the reason, and what to do. */
export function engineError(thrown: unknown, engine: string, what: string): WsClusterError {
  if (thrown instanceof WsClusterError) return thrown;
  const advice = adviceOn(thrown);
  const message = `Docker at ${engine} cannot ${what}: ${engineMessage(thrown)}${advice === '' ? '' : `; ${advice}`}`;
  return new WsClusterError('SOURCE_UNAVAILABLE', message, { cause: thrown });
}

function adviceOn(thrown: unknown): string {
  const code = (thrown as NodeJS.ErrnoException | undefined)?.code ?? '';
  const text = messageOf(thrown);
  if (code === 'ENOENT') return 'check that the engine is running and that DOCKER_HOST names its socket';
  if (code === 'EACCES' || code === 'EPERM')
    return 'run the controller as a member of the group that owns the socket (usually docker)';
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'EHOSTUNREACH' || code === 'ENOTFOUND')
    return 'check that the engine is running and that DOCKER_HOST names its address';
  if (text.includes('HTTP request to an HTTPS server'))
    return 'it requires TLS: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH';
  if (code === 'EPROTO' || text.includes('wrong version number'))
    return 'it does not use TLS there: unset DOCKER_TLS_VERIFY, or name its TLS port';
  if (code.startsWith('ERR_SSL') || text.includes('alert'))
    return 'it refuses our certificate: check cert.pem and key.pem in DOCKER_CERT_PATH';
  if (code.includes('CERT') || code.includes('SIGNATURE'))
    return 'its certificate is not trusted: check ca.pem in DOCKER_CERT_PATH';
  if (text.includes('client version')) return 'the engine is too old or too new for this controller';
  return '';
}

function isHttpFailure(thrown: unknown): thrown is HttpFailure {
  return typeof thrown === 'object' && thrown !== null && typeof (thrown as HttpFailure).statusCode === 'number';
}
