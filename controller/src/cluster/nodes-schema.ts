import { weightSchema } from '@wscluster/ring';
import { z } from 'zod';

const seconds = z.number().min(0).max(86_400);

export const nodesSchema = z.strictObject({
  replicas: z
    .int()
    .min(0)
    .max(1000)
    .optional()
    .describe('Managed nodes that should exist. Default 3; 0 when the nodes are brought along (selector, no image).'),
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
    .describe("Program and arguments of a managed node. Default: the sample backend, or the image's own."),
  image: z.string().min(1).optional().describe('Docker mode: image of managed nodes. Without it none are started.'),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a name of a variable'), z.string())
    .default({})
    .describe('Docker mode: environment of managed nodes, beside what the controller tells them.'),
  selector: z
    .strictObject({
      matchLabels: z
        .record(z.string().min(1), z.string())
        .refine((labels) => Object.keys(labels).length > 0, 'must name at least one label')
        .describe('Docker mode: labels of the containers that are nodes. Default: wscluster.io/cluster=<name>.'),
    })
    .optional(),
  port: z.int().min(1).max(65_535).default(8080).describe('Docker mode: port that a node listens on in its container.'),
  network: z
    .string()
    .min(1)
    .optional()
    .describe('Docker mode: network by which gateways reach the nodes; needed when a container is on several.'),
  addressFrom: z
    .enum(['network', 'publishedPort'])
    .default('network')
    .describe("Docker mode: gateways dial the container's address, or the port that it publishes on its host."),
  publishedHost: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Docker mode: host of published ports. Default: the host of the Docker API, 127.0.0.1 when that is local.',
    ),
  readinessPath: z
    .string()
    .regex(/^\/[^\s#]*$/, 'must be a path')
    .default('/readyz')
    .describe('Docker mode: where a node without a HEALTHCHECK is asked whether it is ready.'),
});
export type NodesSpec = z.infer<typeof nodesSchema>;

/** How many managed nodes should exist. */
export function desiredReplicas({ replicas, selector, image }: NodesSpec): number {
  return replicas ?? (selector !== undefined && image === undefined ? 0 : 3);
}
