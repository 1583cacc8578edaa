import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Built by `npm run dashboard`. */
const folder = fileURLToPath(new URL('../../../dashboard/dist', import.meta.url));

/** The page's clients connect to gateways, which are other origins. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** True for requests for files of the page, which contain no data. */
export function isDashboard(request: FastifyRequest): boolean {
  return request.routeOptions.config.dashboard === true;
}

/** Serves the page at /, or says there how to build it. */
export function serveDashboard(app: FastifyInstance): void {
  app.register((scope, _options, done) => {
    scope.addHook('onRoute', (route) => {
      route.schema = { ...route.schema, hide: true };
      route.config = { ...route.config, dashboard: true };
    });
    if (existsSync(folder))
      scope.register(fastifyStatic, {
        root: folder,
        cacheControl: false,
        setHeaders: (reply, path) => {
          for (const [name, value] of Object.entries(HEADERS)) reply.header(name, value);
          // The names of files below assets/ contain a hash of their content.
          const fixed = path.includes('/assets/');
          reply.header('cache-control', fixed ? 'public, max-age=31536000, immutable' : 'no-cache');
        },
      });
    else
      scope.get('/', async (_request, reply) =>
        reply.code(404).send('The dashboard is not built. Run `npm run dashboard` and restart the controller.\n'),
      );
    done();
  });
}

declare module 'fastify' {
  interface FastifyContextConfig {
    dashboard?: boolean;
  }
}
