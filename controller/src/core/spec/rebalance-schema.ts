import { DEFAULT_TOLERANCE, type LoadMeasure, moveSettingsSchema } from '@wscluster/ring';
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
    by: z
      .enum(['connections', 'slots', 'messages', 'bytes'])
      .default('connections')
      .describe(
        'What is spread over the nodes by their weights. connections: those on the slots of each node. slots: only the slots themselves. messages, bytes: what gateways relay on the connections, in both directions.',
      ),
    tolerance: z
      .number()
      .min(0)
      .max(1)
      .default(DEFAULT_TOLERANCE)
      .describe(
        'How far a node may be from its share of what counts, as a part of the share. A larger one moves fewer connections. Without a change of nodes connections move once a node is twice as far from it.',
      ),
    halfLifeSeconds: z
      .number()
      .min(1)
      .max(86_400)
      .default(30)
      .describe(
        'Seconds for which a node has to be that far from its share before connections move for balance alone. Messages and bytes count half after as long.',
      ),
    maxMovesPerHour: z
      .int()
      .min(0)
      .max(1_000_000_000)
      .default(10_000)
      .describe('Connections that may move for balance alone within an hour. 0: none.'),
    strategy: z
      .enum(['even', 'lazy'])
      .default('even')
      .describe(
        'How slots move to where they belong while their owner could keep them. even: with their connections, at the pace. lazy: once they have no connections. The slots of lost and draining nodes move at once in both.',
      ),
    lazy: z
      .strictObject({
        maxSeconds: seconds
          .default(3600)
          .describe('Seconds after which the slots that still have connections move as with even.'),
      })
      .prefault({})
      .describe('For strategy lazy.'),
    paused: z
      .boolean()
      .default(false)
      .describe(
        'Holds back moves that only improve balance, also between gateways. The slots of lost and draining nodes still move.',
      ),
    unreadyGraceSeconds: seconds
      .default(10)
      .describe('Seconds for which a node may fail its probe before its slots move.'),
    replacementSeconds: seconds
      .default(30)
      .describe(
        'Seconds for which the place of a lost node, its ring id, is kept for its replacement. Other nodes own its slots meanwhile.',
      ),
    maxLostShare: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe('Largest share of the nodes that may be lost at once. If more are lost, the ring stays as it is.'),
  })
  .describe('How connections move when the owners of their keys change.');

/** The part of a spec that rebalanceSchema describes. */
export type RebalanceSpec = Readonly<z.infer<typeof rebalanceSchema>>;

/** What is asked of gateways, and how it is smoothed. */
export interface LoadQuery {
  readonly measure: LoadMeasure;
  /** After so long what was reported counts half. */
  readonly halfLifeMs: number;
}

/** What gateways are to measure beside connections; undefined: nothing. */
export function loadQueryOf({ by, halfLifeSeconds }: RebalanceSpec): LoadQuery | undefined {
  return by === 'messages' || by === 'bytes' ? { measure: by, halfLifeMs: halfLifeSeconds * 1000 } : undefined;
}
