import { keySourceSchema } from '@wscluster/ring';
import { z } from 'zod';
import type { Link } from '../core/loop/status/links.ts';
import type { Convergence } from '../core/rollout/convergence.ts';
import { gatewaysAnswer, nodesAnswer, ringAnswer, status } from './schemas.ts';

// What the event stream carries for a page that shows a cluster as it is now (?state=true).

const link = z.object({
  name: z.enum(['store', 'bus', 'registry']),
  state: z.enum(['connected', 'lost', 'starting', 'none']).describe('none: not configured.'),
  since: z.string().describe('ISO 8601; when this controller saw this state begin.'),
  message: z.string().describe('What is wrong; empty when connected.'),
}) satisfies z.ZodType<Link>;

const convergence = z.object({
  at: z.string().describe('ISO 8601; when it had settled.'),
  ms: z.int().describe('From the first published step to the last move.'),
  moved: z.int().describe('Clients that gateways told to reconnect.'),
}) satisfies z.ZodType<Convergence>;

/** One cluster as it is now. */
export const liveState = z.object({
  name: z.string(),
  status,
  spec: z.object({
    routes: z.array(z.object({ path: z.string(), key: keySourceSchema })),
    replicas: z.int(),
    paused: z.boolean(),
    maxConnectionsPerSecond: z.number(),
  }),
  ring: ringAnswer.omit({ table: true }),
  nodes: nodesAnswer.shape.nodes,
  gateways: z.array(gatewaysAnswer.shape.gateways.element.omit({ secondsSinceReport: true })),
  links: z.array(link),
  convergence: convergence.nullable().describe('The last time that moves came to their end; null before the first.'),
});
export type LiveState = z.infer<typeof liveState>;
