import { routeSchema } from '@wscluster/ring';
import { z } from 'zod';
import { type ClusterEvent, EVENT_TYPES } from '../core/events/event-log.ts';
import type { Link } from '../core/loop/status/links.ts';
import type { Convergence } from '../core/rollout/convergence.ts';
import { gatewaysAnswer, nodesAnswer, ringAnswer, status } from './schemas.ts';

// The data of the event stream: events, and for a page the present state of the cluster (?state=true).

export const eventData = z
  .object({
    type: z.enum(EVENT_TYPES),
    at: z.string().describe('ISO 8601.'),
    message: z.string().describe('For people.'),
    details: z.record(z.string(), z.unknown()).describe('For programs; what is in it depends on the type.'),
  })
  .meta({ id: 'ClusterEvent' }) satisfies z.ZodType<Omit<ClusterEvent, 'id'>>;

const link = z
  .object({
    name: z.enum(['store', 'bus', 'registry']),
    state: z.enum(['connected', 'lost', 'starting', 'none']).describe('none: not configured.'),
    since: z.string().describe('ISO 8601; when this controller saw this state begin.'),
    message: z.string().describe('What is wrong; empty when connected.'),
  })
  .meta({ id: 'Link' }) satisfies z.ZodType<Link>;

const convergence = z.object({
  at: z.string().describe('ISO 8601; when it had settled.'),
  ms: z.int().describe('From the first published step to the last move.'),
  moved: z.int().describe('Clients that gateways moved.'),
}) satisfies z.ZodType<Convergence>;

/** One cluster as it is now. */
export const liveState = z
  .object({
    name: z.string(),
    status,
    spec: z.object({
      routes: z.array(routeSchema),
      replicas: z.int(),
      paused: z.boolean(),
      maxConnectionsPerSecond: z.number(),
    }),
    ring: ringAnswer.omit({ table: true }),
    nodes: nodesAnswer.shape.nodes,
    gateways: z.array(gatewaysAnswer.shape.gateways.element.omit({ secondsSinceReport: true })),
    links: z.array(link),
    convergence: convergence.nullable().describe('The last completed change of owners; null before the first.'),
  })
  .meta({ id: 'LiveState', description: 'One cluster as it is now.' });
export type LiveState = z.infer<typeof liveState>;
