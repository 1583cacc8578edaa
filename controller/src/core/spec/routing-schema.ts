import { keySourceSchema, routeSchema } from '@wscluster/ring';
import { z } from 'zod';
import { cel } from './cel.ts';

const { param, query, header, cookie } = keySourceSchema.shape;

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
      // Another key gives every client of the path another owner, of which each would learn at another time.
      {
        rule: 'self == oldSelf',
        message: 'cannot be changed; remove the route and add it with its new key afterwards',
      },
    ),
  )
  .describe('Where the key of a request is. Kubernetes mode: fixed for as long as the route is there.');

// The ring's own schema ignores what it does not know, as messages must; a declaration refuses it.
const declaredRoute = z
  .strictObject({
    path: routeSchema.shape.path.describe(
      'Path template: literal segments and placeholders, as in /websocket/connect/{userId}.',
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
        message: 'names a placeholder twice',
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
      // That two routes match the same paths is too costly to find out for the API server: it bounds rules by their worst case.
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['path'] })
      .default([
        { path: '/websocket/connect/{userId}', key: { param: 'userId' } },
        { path: '/websocket/send', key: { query: 'userId' } },
      ])
      .describe('Where gateways find the key of a request, by path.'),
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
  .describe('Which requests are routed, and by what key.');
