import { maxConnectionsSchema, weightSchema } from '@wscluster/ring';
import { z } from 'zod';
import { cel } from './cel.ts';
import { selectorLabels } from './label-maps.ts';
import { only } from './modes.ts';
import { podTemplateSchema } from './pod-template-schema.ts';
import { readinessSchema } from './readiness-schema.ts';

const seconds = z.number().min(0).max(86_400);

export const nodesSchema = z
  .strictObject({
    replicas: z
      .int()
      .min(0)
      .max(1000)
      .optional()
      .describe(
        'Desired number of managed nodes. Kubernetes mode: required with template, not allowed with selector. ' +
          'Other modes: default 3, or 0 if you bring the nodes (a selector and no image).',
      ),
    maxConnections: maxConnectionsSchema
      .default(0)
      .describe(
        'Number of connections at which a node is full: it then takes no more slots while others have room, keeps the slots that it has, and serves their clients. 0: no limit.',
      ),
    weight: weightSchema.default(1).describe('Share of the slots of each node, relative to the other nodes.'),
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
      .describe(
        'Weights of single places on the ring, by ring id. A node that takes over a place takes over its weight.',
      ),
    sendPath: z
      .string()
      .max(1024)
      .regex(/^\/[^\s?#]*$/, 'must be a path')
      .default('/send')
      .describe('Path at which nodes accept a message for a key: POST <sendPath>?userId=<key>.'),
    drainSeconds: seconds
      .default(60)
      .describe('Seconds in which a draining node hands over its clients. Its slots leave within 80 % of this time.'),
    followRing: z
      .boolean()
      .default(true)
      .describe(
        'Gives managed nodes the URLs of RabbitMQ and Redis, so that they can follow the ring. Set it to false to keep ' +
          'these URLs, and the passwords in them, from the nodes.',
      ),
    template: podTemplateSchema.optional(),
    command: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .meta(
        only(
          ['local', 'docker'],
          "program and arguments of a managed node. Default: the sample backend, or the image's own. In local mode " +
            '`{port}` stands for the port that the node must listen on; PORT has it too.',
        ),
      ),
    workingDirectory: z
      .string()
      .min(1)
      .optional()
      .meta(
        only(
          'local',
          'folder that nodes run in, relative to the folder of the cluster file. Default: the folder of the cluster file.',
        ),
      ),
    startSeconds: z
      .number()
      .min(1)
      .max(3600)
      .default(120)
      .meta(
        only('local', 'seconds in which a new node must become ready. A node that takes longer is ended and replaced.'),
      ),
    readiness: readinessSchema.optional(),
    image: z
      .string()
      .min(1)
      .optional()
      .meta(only('docker', 'image of managed nodes. Without an image the controller starts no nodes.')),
    env: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a name of a variable'), z.string())
      .default({})
      .meta(
        only(
          ['local', 'docker'],
          'environment variables of managed nodes, in addition to those that the controller sets. In local mode ' +
            '`{port}` stands for the port of the node.',
        ),
      ),
    selector: z
      .strictObject({
        matchLabels: selectorLabels.meta(
          only(
            ['docker', 'kubernetes'],
            'labels that make a container or pod a node. Docker default: wscluster.io/cluster=<name>.',
          ),
        ),
      })
      .optional()
      .meta(only(['docker', 'kubernetes'], 'nodes that you start yourself. The controller only watches them.')),
    port: z
      .int()
      .min(1)
      .max(65_535)
      .default(8080)
      .meta(only(['docker', 'kubernetes'], 'port that nodes listen on in their container or pod.')),
    network: z
      .string()
      .min(1)
      .optional()
      .meta(
        only(
          'docker',
          'Docker network on which gateways reach the nodes. Required if a container is on several networks.',
        ),
      ),
    addressFrom: z
      .enum(['network', 'publishedPort'])
      .default('network')
      .meta(
        only(
          'docker',
          "what gateways dial: the container's address on the network, or the port that it publishes on its host.",
        ),
      ),
    publishedHost: z
      .string()
      .min(1)
      .optional()
      .meta(
        only('docker', 'host of published ports. Default: the host of the Docker API, or 127.0.0.1 if that is local.'),
      ),
    readinessPath: z
      .string()
      .regex(/^\/[^\s#]*$/, 'must be a path')
      .optional()
      .meta(
        only(
          'docker',
          'use `readiness: { http: PATH }` instead. Path whose status below 500 makes a container without a HEALTHCHECK ready.',
        ),
      ),
  })
  .superRefine(({ readiness, readinessPath }, context) => {
    if (readiness !== undefined && readinessPath !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['readinessPath'],
        message: 'is not allowed with readiness; readiness: { http: PATH } replaces it',
      });
  })
  .meta(
    cel(
      {
        rule: 'has(self.template) != has(self.selector)',
        message: 'needs exactly one of template (nodes that wscluster creates) and selector (nodes that you create)',
      },
      {
        rule: '!has(self.template) || has(self.replicas)',
        message: 'is required with template: the number of nodes to create, 0 to 1000',
        fieldPath: '.replicas',
      },
      {
        rule: '!has(self.selector) || !has(self.replicas)',
        message: 'is not allowed with selector: scale the Deployment that creates the pods instead',
        fieldPath: '.replicas',
      },
    ),
  )
  .describe('The nodes: how to create or find them, and how to treat them.');
export type NodesSpec = z.infer<typeof nodesSchema>;

/** The desired number of managed nodes. */
export function desiredReplicas({ replicas, selector, image }: NodesSpec): number {
  return replicas ?? (selector !== undefined && image === undefined ? 0 : 3);
}
