import { moveSettingsSchema } from '@wscluster/ring';
import { z } from 'zod';

const seconds = z.number().min(0).max(86_400);

export const rebalanceSchema = z
  .strictObject({
    maxConnectionsPerSecond: z
      .number()
      .min(0)
      .max(1_000_000)
      .default(500)
      .describe('Connections per second that all gateways together move. 0: no limit.'),
    ...moveSettingsSchema.shape,
    cap: z
      .number()
      .min(1.005)
      .max(2)
      .default(1.02)
      .describe(
        'Most slots that a node may own, as a multiple of its fair share. With many nodes a larger cap moves a little less.',
      ),
    paused: z
      .boolean()
      .default(false)
      .describe('Holds back moves that only improve balance. The slots of lost and draining nodes still move.'),
    unreadyGraceSeconds: seconds
      .default(10)
      .describe('Seconds for which a node may fail its probe before its slots move.'),
    replacementSeconds: seconds
      .default(30)
      .describe(
        'Seconds for which the place of a lost node is kept for its replacement. Other nodes serve its slots meanwhile.',
      ),
    maxLostShare: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe('Largest share of the nodes that may be lost at once. If more are lost, the ring stays as it is.'),
  })
  .describe('How connections move when the owners of their keys change.');
