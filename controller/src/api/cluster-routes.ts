import { canonicalKey, plainKey, rawQueryValue, SLOTS, slotOf } from '@wscluster/ring';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { deliver } from './deliver.ts';
import { streamEvents } from './event-stream.ts';
import { eventData, liveState } from './live-schema.ts';
import { passOnToLeader, servedBy } from './pass-on.ts';
import * as answers from './schemas.ts';
import { knownHere, ledHere, type ServedCluster } from './served-cluster.ts';
import { showRoute } from './show-route.ts';
import { showCluster, showGateways, showLive, showNodes, showOwner, showRing, showSlot } from './views.ts';

/** The routes of one cluster. A standby passes them on. `signal` ends the event streams. */
export function addClusterRoutes(
  scope: FastifyInstance,
  clusters: readonly ServedCluster[],
  signal: AbortSignal,
): void {
  passOnToLeader(scope, clusters, signal);
  const routes = routesOf(scope, clusters);
  if (routes.named) addCluster(routes);
  addReads(routes);
  addChanges(routes);
  addEvents(routes, signal);
}

type Routes = ReturnType<typeof routesOf>;

/** What the routes of one cluster have in common. */
function routesOf(scope: FastifyInstance, clusters: readonly ServedCluster[]) {
  /** The path has the cluster's name; without it the same routes are there for the only cluster, undocumented. */
  const named = scope.prefix.endsWith(':cluster');
  return {
    app: scope.withTypeProvider<ZodTypeProvider>(),
    named,
    nameOf: (request: FastifyRequest) => servedBy(request, clusters).name,
    led: (request: FastifyRequest) => ledHere(servedBy(request, clusters)),
    viewOf: (request: FastifyRequest) => knownHere(servedBy(request, clusters)),
    documented: <S extends object>(summary: string, status: number, answer: z.ZodType, more: S) => ({
      schema: { summary, hide: !named, response: { [status]: answer, default: answers.problemAnswer }, ...more },
    }),
  };
}

function addCluster({ app, nameOf, led, viewOf, documented }: Routes): void {
  const clusterOf = (request: FastifyRequest) => showCluster(nameOf(request), viewOf(request));
  app.get('', documented('Spec and status', 200, answers.clusterAnswer, {}), async (request) => clusterOf(request));
  app.patch(
    '',
    documented('Change the spec by a JSON merge patch (RFC 7396)', 200, answers.clusterAnswer, {
      body: z.strictObject({ spec: z.record(z.string(), z.unknown()) }),
    }),
    async (request) => {
      await led(request).patchSpec(request.body.spec);
      return clusterOf(request);
    },
  );
}

function addReads({ app, viewOf, documented }: Routes): void {
  app.get(
    '/ring',
    documented('The published ring', 200, answers.ringAnswer, {
      querystring: z.object({ slots: z.stringbool().default(false).describe('true: include the owner of each slot') }),
    }),
    async (request) => showRing(viewOf(request), request.query.slots),
  );
  app.get('/owner', documented('The owner of a key: ?key=', 200, answers.ownerAnswer, {}), async (request) =>
    showOwner(viewOf(request), keyOf(request.url)),
  );
  app.get(
    '/route',
    documented('Dry run: what gateways would do with a request', 200, answers.routeAnswer, {
      querystring: answers.routeQuery,
    }),
    async (request) => showRoute(viewOf(request), request.query),
  );
  app.get(
    '/slots/:slot',
    documented('The owner of a slot', 200, answers.slotAnswer, {
      params: z
        .object({
          slot: z.coerce
            .number()
            .int()
            .min(0)
            .max(SLOTS - 1),
        })
        .loose(),
    }),
    async (request) => showSlot(viewOf(request), request.params.slot),
  );
  app.get('/gateways', documented('The live gateways', 200, answers.gatewaysAnswer, {}), async (request) => ({
    gateways: showGateways(viewOf(request)),
  }));
  app.get('/nodes', documented('The nodes', 200, answers.nodesAnswer, {}), async (request) => ({
    nodes: showNodes(viewOf(request)),
  }));
  app.get(
    '/hot-keys',
    documented('The keys with the most connections', 200, answers.hotKeysAnswer, {}),
    async (request) => ({
      keys: viewOf(request).fleet.hotKeys(),
    }),
  );
}

function addChanges({ app, led, documented }: Routes): void {
  app.post(
    '/nodes',
    documented('Add a node (one more replica)', 201, answers.createdAnswer, {}),
    async (request, reply) => {
      const id = await led(request).nodes.add();
      return reply.code(201).send({ id });
    },
  );
  app.delete(
    '/nodes/:id',
    documented('Drain a node (one replica fewer) or kill it (it is replaced)', 202, answers.removalAnswer, {
      params: z.object({ id: z.string() }).loose(),
      querystring: z.object({ mode: z.enum(['drain', 'kill']).default('drain') }),
    }),
    async (request, reply) => {
      const { id } = request.params;
      const { mode } = request.query;
      await led(request).nodes[mode](id);
      return reply.code(202).send({ id, mode });
    },
  );
  app.post(
    '/plan',
    documented('Dry run: show what a change would move', 200, answers.planAnswer, {
      body: answers.planBody,
    }),
    async (request) => led(request).plan(request.body.change),
  );
  app.post(
    '/messages',
    documented('Send a message to all connections of a key', 200, answers.messageAnswer, { body: answers.messageBody }),
    async (request) => {
      const reign = led(request);
      const { sendPath } = reign.view.spec.nodes;
      const key = plainKey(request.body.key);
      const where = () => reign.whereabouts(slotOf(key));
      return { key, ...(await deliver(key, request.body.message, sendPath, where)) };
    },
  );
}

function addEvents({ app, named, nameOf, led }: Routes, signal: AbortSignal): void {
  app.get(
    '/events',
    {
      exposeHeadRoute: false,
      schema: {
        summary: 'Server-sent events; resumes after Last-Event-ID',
        hide: !named,
        querystring: z.object({
          state: z
            .stringbool()
            .default(false)
            .describe('true: also send events of type state, with the state of the whole cluster whenever it changes'),
        }),
        response: {
          200: {
            description:
              'The data of each event: a ClusterEvent, or a LiveState in those of type state, which have no id.',
            content: { 'text/event-stream': { schema: z.union([eventData, liveState]) } },
          },
          default: answers.problemAnswer,
        },
      },
    },
    (request, reply) => {
      const last = request.headers['last-event-id'];
      const name = nameOf(request);
      const reign = led(request);
      const lastId = typeof last === 'string' ? last : undefined;
      reply.hijack();
      streamEvents({
        log: reign.events,
        lastId,
        res: reply.raw,
        signal,
        ...(request.query.state ? { state: () => JSON.stringify(showLive(name, reign.view)) } : {}),
      });
    },
  );
}

/** The key from the raw query, by the same rules as in gateways. */
function keyOf(url: string): string {
  const at = url.indexOf('?');
  return canonicalKey(rawQueryValue(at < 0 ? '' : url.slice(at + 1), 'key'));
}
