import { keySourceSchema, routeSchema } from '@wscluster/ring';
import { z } from 'zod';
import { cel } from './cel.ts';

const { param, query, header, cookie } = keySourceSchema.shape;

/** Why a changed key is refused, in all modes. */
export const KEY_FIXED = 'cannot be changed; remove the route first, then add it with its new key';

const keySchema = z
  .strictObject({
    param: param.meta({ maxLength: 128 }),
    query: query.meta({ maxLength: 128 }),
    header: header.meta({ maxLength: 128 }),
    cookie: cookie.meta({ maxLength: 128 }),
  })
  .meta(
    cel(
      {
        rule: '[has(self.param), has(self.query), has(self.header), has(self.cookie)].exists_one(given, given)',
        message: 'must have exactly one of param, query, header, cookie',
      },
      // A new key would give every client of the path a new owner, and gateways would switch at different times.
      {
        rule: 'self == oldSelf',
        message: KEY_FIXED,
      },
    ),
  )
  .describe('Where the key of a request is. It cannot change while the route exists.');

// The ring's own schema ignores unknown fields, as messages must; a declaration refuses them.
const declaredRoute = z
  .strictObject({
    path: routeSchema.shape.path.describe(
      'Path template of literal segments and placeholders, such as /websocket/connect/{userId}.',
    ),
    key: keySchema,
  })
  .superRefine((route, ctx) => {
    const { error } = routeSchema.safeParse(route);
    for (const { path, message } of error?.issues ?? []) ctx.addIssue({ code: 'custom', path, message });
  })
  .meta(
    cel(
      {
        rule: "!has(self.key.param) || self.path.contains('/{' + self.key.param + '}')",
        message: 'must be a placeholder of the path',
        fieldPath: '.key.param',
      },
      {
        rule: "[self.path.split('/').filter(part, part.startsWith('{'))].all(names, names.all(name, names.exists_one(one, one == name)))",
        message: 'must not name a placeholder twice',
        fieldPath: '.path',
      },
    ),
  );

export const routingSchema = z
  .strictObject({
    routes: z
      .array(declaredRoute)
      .min(1)
      .max(64)
      // The API server bounds rules by their worst case, so a rule against two routes for the same paths would cost too
      // much.
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['path'] })
      .default([
        { path: '/websocket/connect/{userId}', key: { param: 'userId' } },
        { path: '/websocket/send', key: { query: 'userId' } },
      ])
      .describe('Paths that gateways serve, and where they find the key of a request.'),
  })
  .superRefine(({ routes }, ctx) => {
    const shapes = routes.map((route) => route.path.replaceAll(/\{[^}]+\}/g, '{}'));
    for (const [index, shape] of shapes.entries())
      if (shapes.indexOf(shape) !== index)
        ctx.addIssue({
          code: 'custom',
          path: ['routes', index, 'path'],
          message: `matches the same paths as routes[${shapes.indexOf(shape)}]; a path has one route`,
        });
  })
  .describe('Which requests are routed, and by which key.');
