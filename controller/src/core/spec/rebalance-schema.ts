import { z } from 'zod';

const seconds = z.number().min(0).max(86_400);

export const rebalanceSchema = z
  .strictObject({
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
      .describe(
        'Seconds that the place of a lost node is kept for its replacement, its slots lent to others meanwhile.',
      ),
    maxLostShare: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe('Largest share of the nodes that may be lost at once; beyond it the ring is kept as it is.'),
  })
  .describe('How connections move when the owners of their keys change.');
