import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import replyFrom from '@fastify/reply-from';
import { messageOf, WsClusterError } from '@wscluster/ring';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { findCluster, type ServedCluster } from './served-cluster.ts';

/** Marks a request that was passed on: two controllers that each take the other for the leader must not loop. */
const PASSED_ON = 'x-wscluster-passed-on';
/** In answers by what was last known: when it was so, ISO 8601. */
const KNOWN_AT = 'x-wscluster-known-at';
/** A leader that does not answer for this long counts as gone, ms. Event streams have no such limit. */
const TIMEOUT_MS = 30_000;
/** The same for reads, which can be answered here, ms: callers wait for about 10 s. */
const READ_TIMEOUT_MS = 4_000;

export function servedBy(request: FastifyRequest, clusters: readonly ServedCluster[]): ServedCluster {
  return findCluster(clusters, (request.params as { cluster?: string }).cluster);
}

/**
 * Passes a scope's requests for a cluster that another controller leads on to that controller, with the caller's own
 * token, and returns its answer. While nobody leads, or the leader does not answer, reads are answered by what was last
 * known here, with KNOWN_AT. NO_LEADER if that is nothing, and for everything else.
 */
export function passOnToLeader(
  scope: FastifyInstance,
  clusters: readonly ServedCluster[],
  stopping: AbortSignal,
): void {
  const agents = { 'http:': new HttpAgent(), 'https:': new HttpsAgent() };
  // An open request to a leader, such as an event stream, would block the end of this process.
  stopping.addEventListener('abort', () => {
    agents['http:'].destroy();
    agents['https:'].destroy();
  });
  scope.register(replyFrom, {
    disableRequestLogging: true,
    contentTypesToEncode: ['application/merge-patch+json'],
    // The caller decides whether to retry.
    retryMethods: [],
    http: { requestOptions: { timeout: TIMEOUT_MS }, agents },
  });
  scope.addHook('preValidation', async (request, reply) => {
    const cluster = servedBy(request, clusters);
    const { name, reign, leader } = cluster;
    if (reign?.hasBegun === true) return;
    if (reign !== undefined || leader === undefined || request.headers[PASSED_ON] !== undefined) {
      const lastView = isRead(request) ? cluster.lastView : undefined;
      if (lastView === undefined) throw noLeader(name);
      if (lastView.knownAt !== undefined) reply.header(KNOWN_AT, lastView.knownAt.toISOString());
      return;
    }
    reply.from(atLeader(leader, request.url), {
      ...(isRead(request) && { timeout: READ_TIMEOUT_MS }),
      rewriteRequestHeaders: (_request, headers) => ({ ...headers, [PASSED_ON]: '1' }),
      onError: (answer, { error }) => {
        const unanswered = () => answer.send(noAnswer(name, leader, error));
        if (!isRead(request) || cluster.lastView === undefined) unanswered();
        else
          answeredHere(request)
            .then(({ statusCode, headers, body }) => answer.code(statusCode).headers(headers).send(body))
            .catch(unanswered);
      },
    });
    return reply;
  });
}

/** Of the state of the cluster; events come from a leader only. */
function isRead({ method, routeOptions }: FastifyRequest): boolean {
  return method === 'GET' && routeOptions.url?.endsWith('/events') !== true;
}

function noLeader(name: string): WsClusterError {
  return new WsClusterError('NO_LEADER', `no controller leads ${name} at the moment; retry in a few seconds`);
}

function noAnswer(name: string, leader: string, error: unknown): WsClusterError {
  const message = `the leader of ${name} at ${leader} does not answer: ${messageOf(error)}`;
  return new WsClusterError('NO_LEADER', message, { cause: error });
}

/** The same request once more, as one that is not passed on. */
async function answeredHere({ server, url, headers: asked }: FastifyRequest) {
  // The answer to the caller is compressed, this one within the process must not be.
  const headers = { ...asked, 'accept-encoding': 'identity', [PASSED_ON]: '1' };
  const { statusCode, headers: found, body } = await server.inject({ method: 'GET', url, headers });
  const kept = ['content-type', 'retry-after', KNOWN_AT].filter((name) => found[name] !== undefined);
  return { statusCode, headers: Object.fromEntries(kept.map((name) => [name, found[name]])), body };
}

/** A request may name a host: it is never the one that is called. */
function atLeader(leader: string, requested: string): string {
  const { pathname, search } = new URL(requested, 'http://localhost');
  const url = new URL(leader);
  url.pathname = pathname;
  url.search = search;
  return url.href;
}

/** The status of a cluster from its leader; null if it is not available. */
export async function statusFromLeader({ name, leader }: ServedCluster, authorization: string | undefined) {
  if (leader === undefined) return null;
  try {
    const answer = await fetch(new URL(`/api/v1/clusters/${name}`, leader), {
      headers: { [PASSED_ON]: '1', ...(authorization === undefined ? {} : { authorization }) },
      signal: AbortSignal.timeout(READ_TIMEOUT_MS),
    });
    return answer.ok ? ((await answer.json()) as { status: unknown }).status : null;
  } catch {
    return null;
  }
}
