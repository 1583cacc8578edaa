import { gatewayLimitsSchema, routeSchema } from '@wscluster/ring';
import { z } from 'zod';
import { nodesSchema } from './nodes-schema.ts';
import { registrySchema } from './registry-schema.ts';

const seconds = z.number().min(0).max(86_400);

const routingSchema = z.strictObject({
  routes: z
    .array(routeSchema)
    .min(1)
    .default([
      { path: '/websocket/connect/{userId}', key: { param: 'userId' } },
      { path: '/websocket/send', key: { query: 'userId' } },
    ])
    .describe('Where gateways find the key of a request, by path.'),
});

const gatewaySchema = z.strictObject({
  limits: z
    .strictObject(gatewayLimitsSchema.shape)
    .prefault({})
    .describe('What each gateway process lets clients do. Changes hold at once, for new connections.'),
});

const rebalanceSchema = z.strictObject({
  mode: z.enum(['reconnect']).default('reconnect').describe('How a live connection changes its owner.'),
  maxConnectionsPerSecond: z
    .number()
    .min(0)
    .max(1_000_000)
    .default(500)
    .describe('Connections a second that all gateways together move; 0 means no limit.'),
  cap: z
    .number()
    .min(1.005)
    .max(2)
    .default(1.02)
    .describe('Most slots of a node, as a multiple of its fair share. Larger moves a little less with many nodes.'),
  paused: z
    .boolean()
    .default(false)
    .describe('Holds back moves that only balance. Lost and draining nodes are still followed.'),
  unreadyGraceSeconds: seconds.default(10).describe('Seconds that a node may fail its probe before its slots move.'),
  replacementSeconds: seconds
    .default(30)
    .describe('Seconds that the place of a lost node is kept for its replacement, its slots lent to others meanwhile.'),
  maxLostShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('Largest share of the nodes that may be lost at once; beyond it the ring is kept as it is.'),
});

/** A WsCluster: one schema for a YAML file and for the Kubernetes resource. Unknown fields are refused. */
export const wsClusterSchema = z.strictObject({
  apiVersion: z.literal('wscluster.io/v1alpha1'),
  kind: z.literal('WsCluster'),
  metadata: z.strictObject({
    name: z
      .string()
      .max(63)
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be lower-case letters, digits and dashes'),
  }),
  spec: z
    .strictObject({
      nodes: nodesSchema.prefault({}),
      gateway: gatewaySchema.prefault({}),
      routing: routingSchema.prefault({}),
      rebalance: rebalanceSchema.prefault({}),
      registry: registrySchema.prefault({}),
    })
    .prefault({})
    .superRefine((spec, ctx) => {
      const shapes = spec.routing.routes.map((route) => route.path.replaceAll(/\{[^}]+\}/g, '{}'));
      for (const [index, shape] of shapes.entries())
        if (shapes.indexOf(shape) !== index)
          ctx.addIssue({
            code: 'custom',
            path: ['routing', 'routes', index, 'path'],
            message: `matches the same paths as routes[${shapes.indexOf(shape)}]; a path has one route`,
          });
    }),
});
export type WsCluster = z.infer<typeof wsClusterSchema>;
export type ClusterSpec = WsCluster['spec'];
