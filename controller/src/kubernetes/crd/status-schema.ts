import { z } from 'zod';

/** Beyond these the API server refuses the whole status: what is longer is cut before it is written. */
export const MAX_MESSAGE = 32_768;

const count = (meaning: string) => z.int().min(0).max(2_147_483_647).describe(meaning);
const generation = (meaning: string) => z.int().min(0).describe(meaning);

const conditionSchema = z.strictObject({
  type: z
    .string()
    .max(316)
    .describe('Ready, BackendsAvailable, RingPublished or RegistrySynced. Ready stands for all but the last one.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  reason: z
    .string()
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/, 'must be in CamelCase')
    .describe('One word for programs: why.'),
  message: z.string().max(MAX_MESSAGE).describe('What holds or is missing, and what to do about it.'),
  observedGeneration: generation('Generation of the WsCluster that this is about.'),
  lastTransitionTime: z.iso.datetime().describe('When status changed the last time.'),
});

/** Status of the Kubernetes resource. */
export const resourceStatusSchema = z
  .strictObject({
    observedGeneration: generation('Generation of the WsCluster that the controller works by.').optional(),
    conditions: z
      .array(conditionSchema)
      .max(16)
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
      .optional()
      .describe('What holds now.'),
    ring: z
      .strictObject({
        epoch: generation('Rises with each leader.'),
        version: generation('Rises with each ring that is published in an epoch.'),
        revision: z.string().max(64).describe('<epoch>.<version>; a gateway refuses a ring with a lower one.'),
        members: count('Nodes on the ring.'),
        digest: z.string().max(128).describe('Digest of the ring; the same at every gateway that routes by it.'),
      })
      .optional()
      .describe('The ring that was published last.'),
    nodes: z
      .strictObject({
        desired: count('Managed nodes that should exist.'),
        ready: count('Nodes that take connections.'),
        draining: count('Nodes that were asked to leave and still serve.'),
      })
      .optional()
      .describe('Nodes by state.'),
    gateways: z
      .strictObject({
        ready: count('Gateways that report.'),
        inSync: count('Gateways that route by the ring that was published last.'),
      })
      .optional()
      .describe('Gateways by state.'),
    connections: count('WebSocket connections of all gateways.').optional(),
    selector: z
      .string()
      .max(4096)
      .optional()
      .describe('Label selector of the nodes as text, for the scale subresource (HorizontalPodAutoscaler).'),
  })
  .describe('What the cluster is, as the controller saw it last.');
export type ResourceStatus = z.infer<typeof resourceStatusSchema>;
