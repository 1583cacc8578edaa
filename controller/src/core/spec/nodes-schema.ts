import { weightSchema } from '@wscluster/ring';
import { z } from 'zod';
import { cel } from './cel.ts';
import { selectorLabels } from './label-maps.ts';
import { only } from './modes.ts';
import { podTemplateSchema } from './pod-template-schema.ts';

const seconds = z.number().min(0).max(86_400);

export const nodesSchema = z
  .strictObject({
    replicas: z
      .int()
      .min(0)
      .max(1000)
      .optional()
      .describe(
        'Managed nodes that should exist. Kubernetes mode: required with template, not allowed with selector. ' +
          'Other modes: default 3; 0 when the nodes are brought along (selector, no image).',
      ),
    weight: weightSchema.default(1).describe('Share of the slots of each node, relative to the others.'),
    weights: z
      .record(z.string().regex(/^\d{1,5}$/, 'must be a ring id'), weightSchema)
      .default({})
      .meta({
        maxProperties: 1000,
        ...cel({
          rule: 'self.all(id, int(id) >= 0 && int(id) < 65535)',
          message: 'each name must be a ring id, 0 to 65534',
        }),
      })
      .describe('Weights of single places on the ring, by ring id; whoever takes the place over has its weight.'),
    sendPath: z
      .string()
      .max(1024)
      .regex(/^\/[^\s?#]*$/, 'must be a path')
      .default('/send')
      .describe('Where a node takes a message for a key: POST <sendPath>?userId=<key>.'),
    drainSeconds: seconds
      .default(60)
      .describe('Seconds that a draining node has to let its clients go; its slots leave within 80 % of it.'),
    followRing: z
      .boolean()
      .default(true)
      .describe(
        'Tells managed nodes where RabbitMQ and Redis are, so that they can follow the ring. false keeps these URLs, ' +
          'which hold passwords, from them.',
      ),
    template: podTemplateSchema.optional(),
    command: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .meta(
        only(
          ['local', 'docker'],
          "program and arguments of a managed node. Default: the sample backend, or the image's own.",
        ),
      ),
    image: z.string().min(1).optional().meta(only('docker', 'image of managed nodes. Without it none are started.')),
    env: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a name of a variable'), z.string())
      .default({})
      .meta(only('docker', 'environment of managed nodes, beside what the controller tells them.')),
    selector: z
      .strictObject({
        matchLabels: selectorLabels.meta(
          only(
            ['docker', 'kubernetes'],
            'labels of the containers or pods that are nodes. Docker default: wscluster.io/cluster=<name>.',
          ),
        ),
      })
      .optional()
      .meta(only(['docker', 'kubernetes'], 'nodes that others start: the controller watches them, and ends none.')),
    port: z
      .int()
      .min(1)
      .max(65_535)
      .default(8080)
      .meta(only(['docker', 'kubernetes'], 'port that a node listens on in its container or pod.')),
    network: z
      .string()
      .min(1)
      .optional()
      .meta(only('docker', 'network by which gateways reach the nodes; needed when a container is on several.')),
    addressFrom: z
      .enum(['network', 'publishedPort'])
      .default('network')
      .meta(only('docker', "gateways dial the container's address, or the port that it publishes on its host.")),
    publishedHost: z
      .string()
      .min(1)
      .optional()
      .meta(
        only('docker', 'host of published ports. Default: the host of the Docker API, 127.0.0.1 when that is local.'),
      ),
    readinessPath: z
      .string()
      .regex(/^\/[^\s#]*$/, 'must be a path')
      .default('/readyz')
      .meta(only('docker', 'where a node without a HEALTHCHECK is asked whether it is ready.')),
  })
  .meta(
    cel(
      {
        rule: 'has(self.template) != has(self.selector)',
        message: 'needs exactly one of template (nodes that wscluster makes) and selector (nodes that others make)',
      },
      {
        rule: '!has(self.template) || has(self.replicas)',
        message: 'is required with template: how many nodes to make, 0 to 1000',
        fieldPath: '.replicas',
      },
      {
        rule: '!has(self.selector) || !has(self.replicas)',
        message: 'is not allowed with selector: scale what makes those pods instead',
        fieldPath: '.replicas',
      },
    ),
  )
  .describe('The nodes: what they are made from or found by, and how they are treated.');
export type NodesSpec = z.infer<typeof nodesSchema>;

/** How many managed nodes should exist. */
export function desiredReplicas({ replicas, selector, image }: NodesSpec): number {
  return replicas ?? (selector !== undefined && image === undefined ? 0 : 3);
}
