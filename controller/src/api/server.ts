import compress from '@fastify/compress';
import swagger from '@fastify/swagger';
import { WsClusterError } from '@wscluster/ring';
import { formatHostPort, type HostPort, type Logger } from '@wscluster/service';
import fastify, { type FastifyError } from 'fastify';
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { summaryOf } from '../core/loop/status/summary.ts';
import { checkAccess } from './access.ts';
import { addClusterRoutes } from './cluster-routes.ts';
import { isDashboard, serveDashboard } from './dashboard.ts';
import { jsonDepth, MAX_JSON_DEPTH } from './json-depth.ts';
import { OPENAPI, tidied } from './openapi-document.ts';
import { statusFromLeader } from './pass-on.ts';
import { problemOf } from './problem.ts';
import { clustersAnswer, problemAnswer } from './schemas.ts';
import type { ServedCluster } from './served-cluster.ts';

export interface ApiOptions {
  readonly listen: HostPort;
  /** Undefined: only callers on this machine. */
  readonly token: string | undefined;
  readonly clusters: readonly ServedCluster[];
  /** Why it is not ready; undefined if it is. */
  readonly notReady: () => string | undefined;
  readonly log: Logger;
}

export interface ApiServer {
  readonly port: number;
  close(): Promise<void>;
}

const BODY_LIMIT_BYTES = 64 * 1024;
const COMPRESS_FROM_BYTES = 4096;
/** With each 503: a new leader takes seconds, and how long an outage lasts nobody knows. */
const RETRY_AFTER_SECONDS = 2;
const JSON_TYPES = ['application/json', 'application/merge-patch+json'];

/**
 * The controller's API under /api/v1, described at /openapi.json. If the controller runs a single cluster, paths under
 * /clusters/{name}/ also work without that prefix. Errors are RFC 9457 problem details.
 */
export async function startApi(options: ApiOptions): Promise<ApiServer> {
  const app = fastify({ bodyLimit: BODY_LIMIT_BYTES, logger: false, routerOptions: { maxParamLength: 256 } });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.addHook('onRequest', async (request) => {
    const { authorization, host, origin } = request.headers;
    // The page asks for the token; without it, it shows nothing.
    if (options.token !== undefined && isDashboard(request)) return;
    checkAccess({ authorization, host, origin }, options.token);
  });
  await app.register(compress, { threshold: COMPRESS_FROM_BYTES });
  // Only JSON is accepted, including the content type of merge patches.
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser(JSON_TYPES, { parseAs: 'string' }, (request, body: string, done) => {
    if (jsonDepth(body) <= MAX_JSON_DEPTH) return parse(request, body, done);
    const message = `the body must be nested at most ${MAX_JSON_DEPTH} deep`;
    done(new WsClusterError('REQUEST_INVALID', message, { field: 'body' }));
  });
  app.setNotFoundHandler((request) => {
    throw new WsClusterError('NOT_FOUND', `${request.method} ${request.url.split('?')[0]} is not part of this API`);
  });
  app.setErrorHandler((thrown, request, reply) => {
    const problem = problemOf(translated(thrown));
    // That a server is unavailable (502, 503) is answered to the caller, and logged where it is noticed, not with each
    // request.
    if (problem.status === 500)
      options.log.error(
        { event: 'api-error', error: thrown, url: request.url, action: 'report this bug with the error' },
        problem.detail,
      );
    if (problem.status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
    return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  });

  app.get('/readyz', async (_request, reply) => {
    const reason = options.notReady();
    return reply.code(reason === undefined ? 200 : 503).send(`${reason ?? 'ready'}\n`);
  });
  await app.register(swagger, {
    openapi: OPENAPI,
    transform: jsonSchemaTransform,
    transformObject: tidied,
  });
  const stopping = new AbortController();
  app.register((scope, _options, done) => {
    scope.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
    scope.get(
      '/api/v1/clusters',
      { schema: { summary: 'All clusters', response: { 200: clustersAnswer, default: problemAnswer } } },
      async (request) => ({
        clusters: await Promise.all(
          options.clusters.map(async (cluster) => ({
            name: cluster.name,
            leader: cluster.leader ?? null,
            status: await statusOf(cluster, request.headers.authorization),
          })),
        ),
      }),
    );
    done();
  });
  for (const prefix of ['/api/v1/clusters/:cluster', '/api/v1'])
    app.register(
      (scope, _options, done) => {
        addClusterRoutes(scope, options.clusters, stopping.signal);
        done();
      },
      { prefix },
    );

  serveDashboard(app);

  try {
    await app.listen({ host: options.listen.host, port: options.listen.port });
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    const at = formatHostPort(options.listen);
    throw new WsClusterError(
      taken ? 'PORT_TAKEN' : 'CONFIG_INVALID',
      taken ? `API: another process listens on ${at}; stop it or choose another port` : `API: cannot listen on ${at}`,
      { cause: error },
    );
  }
  const address = app.server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async close() {
      // The event streams would block the server's end forever.
      stopping.abort();
      await app.close();
    },
  };
}

/** From the leader, or as last known here; null if it is not available. */
async function statusOf(cluster: ServedCluster, authorization: string | undefined) {
  const { reign } = cluster;
  if (reign?.hasBegun === true) return summaryOf(reign.view);
  const told = reign === undefined ? await statusFromLeader(cluster, authorization) : null;
  if (told !== null) return told;
  const { lastView } = cluster;
  return lastView === undefined ? null : summaryOf(lastView);
}

/** Fastify's own errors, as ours. */
function translated(thrown: unknown): unknown {
  if (thrown instanceof WsClusterError) return thrown;
  const error = thrown as FastifyError;
  const invalid = error.validation?.[0];
  if (invalid !== undefined) {
    const field = invalid.instancePath.slice(1).replaceAll('/', '.');
    return new WsClusterError('REQUEST_INVALID', `${field}: ${invalid.message ?? 'is not allowed'}`, { field });
  }
  if (error.statusCode === undefined || error.statusCode >= 500) return thrown;
  const code = error.statusCode === 413 ? 'LIMIT_REACHED' : 'REQUEST_INVALID';
  return new WsClusterError(code, error.message, { cause: thrown });
}
