import {
  doubledRoutes,
  KEY_KINDS,
  keyForm,
  keyShape,
  type Route,
  refuse,
  routeProblems,
  routeShape,
} from '@wscluster/ring';
import { z } from 'zod';
import { cel } from './cel.ts';

/** Why a changed key is refused, in all modes. */
export const KEY_FIXED = 'cannot be changed; remove the route first, then add it with its new key';

// The ring's own schema ignores unknown fields, as messages must; a declaration refuses them.
const strict = z.strictObject as unknown as typeof z.object;
const fields = routeShape(strict);
const shape = keyShape(strict);

const GENERATE = {
  rule: '!has(self.generate) || has(self.cookie)',
  message: 'is only allowed with cookie',
  fieldPath: '.generate',
};

/** Whether the node sees the subprotocol may change. */
const whatCounts = (kind: (typeof KEY_KINDS)[number]) => (kind === 'subprotocol' ? 'subprotocol.prefix' : kind);

const keySchema = z
  .strictObject(
    {
      ...shape,
      generate: shape.generate.meta(
        cel({
          rule: "!has(self.sameSite) || self.sameSite != 'None' || (has(self.secure) && self.secure)",
          message: 'must be true with sameSite: None',
          fieldPath: '.secure',
        }),
      ),
      node: shape.node.meta(
        cel({
          rule: '[has(self.param), has(self.query), has(self.header)].exists_one(given, given)',
          message: 'must have exactly one of param, query, header',
        }),
      ),
    },
    keyForm,
  )
  .meta(
    cel(
      {
        rule: `[${KEY_KINDS.map((kind) => `has(self.${kind})`).join(', ')}].exists_one(given, given)`,
        message: `must have exactly one of ${KEY_KINDS.join(', ')}`,
      },
      GENERATE,
      // A new key would give every client of the path a new owner, and gateways would switch at different times. How a
      // cookie is generated may change: the key is where it was.
      ...KEY_KINDS.map((kind) => ({
        rule: `has(self.${kind}) == has(oldSelf.${kind}) && (!has(self.${kind}) || self.${whatCounts(kind)} == oldSelf.${whatCounts(kind)})`,
        message: KEY_FIXED,
      })),
    ),
  )
  .describe('Where the key of a request is. It cannot change while the route exists.');

const routeSchema = z
  .strictObject({
    // The API server tells the items of a list apart by fields that they all have.
    name: fields.name.meta({ default: '' }),
    path: fields.path.meta({ default: '' }),
    prefix: fields.prefix.meta({ default: '' }),
    protocol: fields.protocol,
    methods: fields.methods.meta({ 'x-kubernetes-list-type': 'set' }),
    key: keySchema,
    rewrite: fields.rewrite,
  })
  .superRefine((route, ctx) => refuse(routeProblems(route), ctx))
  .meta(
    cel(
      {
        rule: "(has(self.path) && self.path != '') != (has(self.prefix) && self.prefix != '')",
        message: 'must have exactly one of path and prefix',
      },
      {
        rule: "!has(self.key.param) || self.path.contains('/{' + self.key.param + '}') || self.path.endsWith('/{' + self.key.param + '...}')",
        message: 'must be a placeholder of the path',
        fieldPath: '.key.param',
      },
      {
        rule: "[self.path.split('/').filter(part, part.startsWith('{')).map(part, part.replace('...', ''))].all(names, names.all(name, names.exists_one(one, one == name)))",
        message: 'must not name a placeholder twice',
        fieldPath: '.path',
      },
      {
        rule: "!self.path.contains('...}/')",
        message: 'must have nothing behind {name...}, which takes the rest',
        fieldPath: '.path',
      },
      {
        rule: "!has(self.rewrite) || self.rewrite.prefix == '/' || [self.path + self.prefix].all(all, all == self.rewrite.prefix || all.startsWith(self.rewrite.prefix + '/'))",
        message: 'must be whole segments that the path begins with',
        fieldPath: '.rewrite.prefix',
      },
      {
        rule: "!has(self.methods) || !has(self.protocol) || self.protocol != 'websocket'",
        message: 'must not be given with protocol: websocket; an upgrade is always a GET',
        fieldPath: '.methods',
      },
    ),
  );

export const routingSchema = z
  .strictObject({
    routes: z
      .array(routeSchema)
      .min(1)
      .max(64)
      // The API server bounds rules by their worst case, so a rule against two routes for the same requests would cost
      // too much.
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['path', 'prefix', 'name'] })
      .default([
        { path: '/websocket/connect/{userId}', key: { param: 'userId' } },
        { path: '/websocket/send', key: { query: 'userId' } },
      ])
      .describe('Paths that gateways serve, and where they find the key of a request.'),
  })
  .superRefine(({ routes }, ctx) => refuse(doubledRoutes(routes), ctx))
  .describe('Which requests are routed, and by which key.');

/** A route as gateways need it: the API server fills in '' for names and paths that are not given. */
export function publishedRoute({ name: _name, path, prefix, ...route }: Route): Route {
  return { ...(path && { path }), ...(prefix && { prefix }), ...route };
}
