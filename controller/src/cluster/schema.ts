import { gatewayLimitsSchema, routeSchema, weightSchema } from '@wscluster/ring';
import { z } from 'zod';

const seconds = z.number().min(0).max(86_400);

const nodesSchema = z.strictObject({
  replicas: z.int().min(0).max(1000).default(3).describe('Managed nodes that should exist.'),
  weight: weightSchema.default(1).describe('Share of the slots of each node, relative to the others.'),
  weights: z
    .record(z.string().regex(/^\d{1,5}$/, 'must be a ring id'), weightSchema)
    .default({})
    .describe('Weights of single places on the ring, by ring id; whoever takes the place over has its weight.'),
  sendPath: z
    .string()
    .regex(/^\/[^\s?#]*$/, 'must be a path')
    .default('/send')
    .describe('Where a node takes a message for a key: POST <sendPath>?userId=<key>.'),
  drainSeconds: seconds
    .default(60)
    .describe('Seconds that a draining node has to let its clients go; its slots leave within 80 % of it.'),
  command: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Local mode: program and arguments of a node. Default: the sample backend.'),
});

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
