import { z } from 'zod';
import { busSchema, storeSchema } from './brokers-schema.ts';
import { gatewaySchema } from './gateway-schema.ts';
import { REQUIRED_IN_KUBERNETES } from './modes.ts';
import { nodesSchema } from './nodes-schema.ts';
import { rebalanceSchema } from './rebalance-schema.ts';
import { registrySchema } from './registry-schema.ts';
import { routingSchema } from './routing-schema.ts';

export const API_VERSION = 'wscluster.io/v1alpha1';
export const KIND = 'WsCluster';

/** A WsCluster: one schema for a YAML file and for the Kubernetes resource. Unknown fields are refused. */
export const wsClusterSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(KIND),
  metadata: z.strictObject({
    name: z
      .string()
      .max(63)
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be lower-case letters, digits and dashes'),
  }),
  spec: z
    .strictObject({
      nodes: nodesSchema.prefault({}).meta(REQUIRED_IN_KUBERNETES),
      gateway: gatewaySchema.prefault({}),
      routing: routingSchema.prefault({}),
      rebalance: rebalanceSchema.prefault({}),
      bus: busSchema,
      store: storeSchema,
      registry: registrySchema.prefault({}),
    })
    .prefault({})
    .meta(REQUIRED_IN_KUBERNETES)
    .describe('Desired state of the cluster.'),
});
export type WsCluster = z.infer<typeof wsClusterSchema>;
export type ClusterSpec = WsCluster['spec'];
