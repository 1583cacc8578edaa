import { z } from 'zod';

/** The API server refuses a whole status if a message is longer, so messages are cut to this length. */
export const MAX_MESSAGE = 32_768;

const count = (meaning: string) => z.int().min(0).max(2_147_483_647).describe(meaning);
const generation = (meaning: string) => z.int().min(0).describe(meaning);

const conditionSchema = z.strictObject({
  type: z
    .string()
    .max(316)
    .describe(
      'Ready, BackendsAvailable, RingPublished, RegistrySynced, NodesHaveRoom or SlotsFit. Ready covers the first two of the others.',
    ),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether the condition is true.'),
  reason: z
    .string()
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/, 'must be in CamelCase')
    .describe('The reason in one word, for programs.'),
  message: z.string().max(MAX_MESSAGE).describe('What is right or wrong, and what to do about it.'),
  observedGeneration: generation('Generation of the WsCluster that the condition describes.'),
  lastTransitionTime: z.iso.datetime().describe('When the status last changed.'),
});

/** Status of the Kubernetes resource. */
export const resourceStatusSchema = z
  .strictObject({
    observedGeneration: generation('Generation of the WsCluster that the controller acts on.').optional(),
    conditions: z
      .array(conditionSchema)
      .max(16)
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
      .optional()
      .describe('Current conditions.'),
    ring: z
      .strictObject({
        epoch: generation('Increases with each leader.'),
        version: generation('Increases with each ring published in an epoch.'),
        revision: z.string().max(64).describe('<epoch>.<version>. A gateway refuses a ring with a lower revision.'),
        members: count('Nodes on the ring.'),
        digest: z.string().max(128).describe('Digest of the ring, the same on every gateway that routes by it.'),
      })
      .optional()
      .describe('The ring published last.'),
    nodes: z
      .strictObject({
        desired: count('Desired number of managed nodes.'),
        ready: count('Nodes that accept connections.'),
        draining: count('Nodes that are leaving but still serve.'),
      })
      .optional()
      .describe('Nodes by state.'),
    gateways: z
      .strictObject({
        ready: count('Gateways that report.'),
        inSync: count('Gateways that route by the ring published last.'),
      })
      .optional()
      .describe('Gateways by state.'),
    connections: count('WebSocket connections over all gateways.').optional(),
    selector: z
      .string()
      .max(4096)
      .optional()
      .describe('Label selector of the nodes as text, for the scale subresource.'),
  })
  .describe('Observed state of the cluster.');
export type ResourceStatus = z.infer<typeof resourceStatusSchema>;
