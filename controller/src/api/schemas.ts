import { hotKeySchema, memberStateSchema, moveSettingsSchema } from '@wscluster/ring';
import { z } from 'zod';
import { changeSchema } from '../core/plan/change.ts';
import { reasonSchema } from '../core/plan/reasons.ts';
import { wsClusterSchema } from '../core/spec/schema.ts';

// The API's answers, for /openapi.json and for checking every answer before it is sent. A schema with an id is a
// component of the document, and a type of answers.ts.

const revision = z
  .object({ epoch: z.int(), version: z.int() })
  .meta({ id: 'Revision', description: 'Orders rings: by epoch, then by version.' });
const share = z.number().describe('Share of the slots, 0 to 1.');
const eventStreams = z
  .int()
  .describe('How many of the connections are event streams. Gateways of an older version do not tell.');
const work = z.object({ slots: z.int(), connections: z.int() }).meta({ id: 'Work' });
const remaining = z
  .object({ lost: work, drain: work, balance: work })
  .describe('What is left for later steps to move.');

const condition = z
  .object({
    type: z.string(),
    status: z.enum(['True', 'False', 'Unknown']),
    reason: z.string(),
    message: z.string(),
    observedGeneration: z.int(),
    lastTransitionTime: z.string(),
  })
  .meta({ id: 'Condition' });

export const status = z
  .object({
    observedGeneration: z.int(),
    conditions: z.array(condition),
    ring: z.object({ epoch: z.int(), version: z.int(), members: z.int(), digest: z.string() }),
    nodes: z.object({ desired: z.int(), ready: z.int(), draining: z.int() }),
    gateways: z.object({ ready: z.int(), inSync: z.int() }),
    connections: z.int(),
  })
  .meta({ id: 'ClusterStatus' });

export const clustersAnswer = z
  .object({
    clusters: z.array(
      z.object({
        name: z.string(),
        leader: z.string().nullable().describe('API of the controller that leads the cluster, if it is another one.'),
        status: status.nullable().describe('null if no leader can be asked.'),
      }),
    ),
  })
  .meta({ id: 'Clusters' });

export const clusterAnswer = z
  .object({
    apiVersion: z.string(),
    kind: z.string(),
    metadata: z.object({ name: z.string(), generation: z.int() }),
    spec: wsClusterSchema.shape.spec.meta({ id: 'ClusterSpec' }),
    status,
  })
  .meta({ id: 'Cluster' });

const member = z.object({
  ringId: z.int(),
  nodeId: z.string(),
  address: z.string(),
  weight: z.number(),
  state: memberStateSchema,
});

export const ringAnswer = z
  .object({
    revision,
    movableUpTo: revision,
    digest: z.string(),
    members: z.array(member.extend({ slots: z.int(), share }).meta({ id: 'RingMember' })),
    vacancies: z.array(z.object({ ringId: z.int(), nodeId: z.string() })),
    remaining,
    table: z.array(z.int()).optional().describe('For each slot, the index of its owner in members; 65535 means none.'),
  })
  .meta({ id: 'Ring' });

const owner = member.omit({ weight: true }).extend({
  slot: z.int(),
  connections: z.int().describe('Connections of all keys on this slot, as last reported.'),
  revision,
});
export const ownerAnswer = owner.extend({ key: z.string() }).meta({ id: 'Owner' });
export const slotAnswer = owner.meta({ id: 'SlotOwner' });

export const routeQuery = z.object({
  url: z.string().min(1).max(16_384).describe('The URL that a client uses, or a path with its query.'),
  method: z
    .string()
    .regex(/^[A-Z][A-Z-]{0,31}$/, 'must be a method such as GET')
    .default('GET'),
  protocol: z
    .enum(['websocket', 'http'])
    .optional()
    .describe('Default: http for an http:// URL and for methods other than GET, otherwise websocket.'),
  header: z
    .union([z.string(), z.array(z.string())])
    .default([])
    .describe('Headers of the request, as `Name: value`; may be given several times.'),
});
export const routeAnswer = z
  .object({
    route: z.string().describe('The path or the prefix of the route.'),
    name: z.string().nullable(),
    protocol: z.enum(['websocket', 'http']),
    by: z
      .enum(['key', 'node', 'any'])
      .describe('key: the owner of a key; node: the node that is named; any: any ready node.'),
    key: z.string().nullable().describe('Null without a key, and for a client that gets a random one.'),
    generated: z.boolean().describe('The client has no key; the gateway makes one and sets it as a cookie.'),
    slot: z.int().nullable(),
    owner: member
      .pick({ ringId: true, nodeId: true, address: true, state: true })
      .nullable()
      .describe('Null if any ready node may serve the request, or the key is not known yet.'),
    url: z.string().describe('Path and query that the node gets.'),
    revision,
  })
  .meta({ id: 'RoutedRequest' });

const node = z
  .object({
    id: z.string(),
    name: z.string().describe('Display name: that of the pod or container, or else the id.'),
    image: z.string().nullable().describe('Image of its container.'),
    createdAt: z.string().nullable().describe('ISO 8601.'),
    address: z.string().nullable(),
    state: z.enum(['starting', 'ready', 'unready', 'draining', 'restarting']),
    managed: z.boolean(),
    ringId: z.int().nullable(),
    weight: z.number().nullable(),
    slots: z.int(),
    share,
    connections: z.int(),
    eventStreams,
    maxConnections: z.int().nullable().describe('Number of connections at which the node is full; null: no limit.'),
    drainingSince: z.string().nullable(),
  })
  .meta({ id: 'ClusterNode' });
export const nodesAnswer = z.object({ nodes: z.array(node) }).meta({ id: 'Nodes' });

const gateway = z
  .object({
    id: z.string(),
    address: z.string(),
    applied: revision,
    inSync: z.boolean(),
    connections: z.int(),
    eventStreams,
    moved: z.int().describe('Clients that the gateway has moved: told to reconnect, or migrated.'),
    migrated: z.int().describe('How many of the moved clients did not notice (rebalance.mode migrate).'),
    secondsSinceReport: z.number(),
  })
  .meta({ id: 'Gateway' });
export const gatewaysAnswer = z.object({ gateways: z.array(gateway) }).meta({ id: 'Gateways' });

export const hotKeysAnswer = z
  .object({
    keys: z.array(hotKeySchema).describe('The keys with the most connections (at least 2 to one gateway), most first.'),
  })
  .meta({ id: 'HotKeys' });

export const createdAnswer = z.object({ id: z.string() }).meta({ id: 'Created' });
export const removalAnswer = z.object({ id: z.string(), mode: z.enum(['drain', 'kill']) }).meta({ id: 'Removal' });

export const planBody = z.strictObject({ change: changeSchema.meta({ id: 'Change' }) });
const flow = z
  .object({
    before: z.int(),
    after: z.int(),
    gained: z.int(),
    lost: z.int(),
    share: z.object({ before: z.number(), after: z.number() }).describe('Share of all connections or slots, 0 to 1.'),
  })
  .meta({ id: 'Flow' });
export const planAnswer = z
  .object({
    revision,
    slots: z.int(),
    connections: z.int(),
    mode: moveSettingsSchema.shape.mode.describe(
      'Of the cluster. It applies to connections that are opened from now on, unless a route or a request says otherwise.',
    ),
    unnoticed: z
      .object({
        connections: z.int(),
        exact: z
          .boolean()
          .describe('False: an estimate, by the share of such connections at each node that loses some.'),
      })
      .meta({
        id: 'Unnoticed',
        description: 'Of these connections the ones whose clients would not notice; the others are told to reconnect.',
      }),
    known: z
      .enum(['all', 'partly', 'no'])
      .describe(
        'How well the connections are known. partly: some gateway is silent. no: some gateway has not reported its connections yet; once it has, other slots may move.',
      ),
    reasons: z.array(reasonSchema).describe('Why slots move, most connections first.'),
    nodes: z.array(z.object({ id: z.string(), name: z.string(), slots: flow, connections: flow })),
  })
  .meta({ id: 'Plan' });

export const messageBody = z
  .strictObject({
    key: z.string().describe('The key as text, not percent-encoded.'),
    message: z.string().describe('Sent to every connection of the key as one text message.'),
  })
  .meta({ id: 'Message' });
export const messageAnswer = z
  .object({ key: z.string(), connections: z.int(), nodes: z.array(z.string()) })
  .meta({ id: 'Delivery' });

export const problemAnswer = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    field: z.string().optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details. `code` is for programs.' });
