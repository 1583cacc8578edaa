import { canonicalKey, rawQueryValue, WsClusterError } from '@wscluster/ring';
import { formatHostPort, type HostPort, type Logger } from '@wscluster/service';
import fastify, { type FastifyError, type FastifyInstance, type FastifyRequest } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { SpecStore } from '../cluster/spec-store.ts';
import { problemOf } from '../errors.ts';
import type { ClusterController } from '../reconcile/cluster-controller.ts';
import { checkAccess } from './access.ts';
import { gatewaysView, nodesView, ownerView, ringView, statusView } from './views.ts';

/** A cluster as the API reaches it. */
export interface ServedCluster {
  readonly name: string;
  readonly spec: SpecStore;
  readonly controller: ClusterController;
}

export interface ApiOptions {
  readonly listen: HostPort;
  /** Undefined: callers of this machine only. */
  readonly token: string | undefined;
  readonly clusters: readonly ServedCluster[];
  /** Undefined when ready, else why not. */
  readonly notReady: () => string | undefined;
  readonly log: Logger;
}

export interface ApiServer {
  readonly port: number;
  close(): Promise<void>;
}

const BODY_LIMIT_BYTES = 64 * 1024;

/**
 * The controller's API under /api/v1. What is under /clusters/{name}/ also answers without that prefix when the
 * controller runs one cluster. Errors are RFC 9457 problem details.
 */
export async function startApi(options: ApiOptions): Promise<ApiServer> {
  const app = fastify({ bodyLimit: BODY_LIMIT_BYTES, logger: false, routerOptions: { maxParamLength: 256 } });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.addHook('onRequest', async ({ headers }) =>
    checkAccess({ authorization: headers.authorization, host: headers.host, origin: headers.origin }, options.token),
  );
  app.setNotFoundHandler((request) => {
    throw new WsClusterError('NOT_FOUND', `${request.method} ${request.url.split('?')[0]} is not of this API`);
  });
  app.setErrorHandler((thrown, request, reply) => {
    const problem = problemOf(translated(thrown));
    if (problem.status >= 500)
      options.log.error(
        { event: 'api-error', error: thrown, url: request.url, action: 'see the cause; report it when it is INTERNAL' },
        problem.detail,
      );
    return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  });

  app.get('/readyz', async (_request, reply) => {
    const reason = options.notReady();
    return reply.code(reason === undefined ? 200 : 503).send(`${reason ?? 'ready'}\n`);
  });
  app.get('/api/v1/clusters', async () => ({
    clusters: options.clusters.map((cluster) => ({ name: cluster.name, status: statusOf(cluster) })),
  }));
  for (const prefix of ['/api/v1/clusters/:cluster', '/api/v1'])
    app.register(
      (scope, _options, done) => {
        addClusterRoutes(scope, options.clusters);
        done();
      },
      { prefix },
    );

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
  return { port: typeof address === 'object' && address !== null ? address.port : 0, close: () => app.close() };
}

function addClusterRoutes(scope: FastifyInstance, clusters: readonly ServedCluster[]): void {
  const app = scope.withTypeProvider<ZodTypeProvider>();
  const of = (request: FastifyRequest) => findCluster(clusters, (request.params as { cluster?: string }).cluster);

  if (scope.prefix.endsWith(':cluster'))
    app.get('', async (request) => {
      const cluster = of(request);
      return {
        apiVersion: 'wscluster.io/v1alpha1',
        kind: 'WsCluster',
        metadata: { name: cluster.name, generation: cluster.spec.generation },
        spec: cluster.spec.spec,
        status: statusOf(cluster),
      };
    });
  app.get('/ring', { schema: { querystring: z.object({ slots: z.stringbool().default(false) }) } }, async (request) =>
    ringView(of(request).controller, request.query.slots),
  );
  app.get('/owner', async (request) => ownerView(of(request).controller, keyOf(request.url)));
  app.get('/gateways', async (request) => ({ gateways: gatewaysView(of(request).controller) }));
  app.get('/nodes', async (request) => ({ nodes: nodesView(of(request).controller) }));
  app.post('/nodes', async (request, reply) => {
    const id = await of(request).controller.nodes.add();
    return reply.code(201).send({ id });
  });
  app.delete(
    '/nodes/:id',
    {
      schema: {
        params: z.object({ id: z.string() }),
        querystring: z.object({ mode: z.enum(['drain', 'kill']).default('drain') }),
      },
    },
    async (request, reply) => {
      const { controller } = of(request);
      await (request.query.mode === 'kill'
        ? controller.nodes.kill(request.params.id)
        : controller.nodes.drain(request.params.id));
      return reply.code(202).send({ id: request.params.id, mode: request.query.mode });
    },
  );
}

function statusOf({ controller, spec }: ServedCluster) {
  return statusView(controller, spec.generation, spec.spec.nodes.replicas);
}

function findCluster(clusters: readonly ServedCluster[], name: string | undefined): ServedCluster {
  const found = name === undefined && clusters.length === 1 ? clusters[0] : clusters.find((c) => c.name === name);
  if (found !== undefined) return found;
  const names = clusters.map((cluster) => cluster.name).join(', ');
  throw new WsClusterError('NOT_FOUND', `there is no cluster ${name ?? '(unnamed)'}; there is: ${names}`, {
    field: 'cluster',
  });
}

/** The key from the raw query, by the rules that gateways follow. */
function keyOf(url: string): string {
  const at = url.indexOf('?');
  return canonicalKey(rawQueryValue(at < 0 ? '' : url.slice(at + 1), 'key'));
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
