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
        'What the controller balances over the nodes by their weights. connections: the connections on the slots of each node. slots: only the slots themselves. messages, bytes: the traffic that gateways relay on the connections, in both directions.',
      ),
    tolerance: z
      .number()
      .min(0)
      .max(1)
      .default(DEFAULT_TOLERANCE)
      .describe(
        'How far a node may be from its share, as a part of the share. A larger tolerance moves fewer connections. Without a change of nodes, connections move only once a node is twice as far from its share.',
      ),
    halfLifeSeconds: z
      .number()
      .min(1)
      .max(86_400)
      .default(30)
      .describe(
        'Seconds for which a node has to be twice the tolerance from its share before connections move for balance alone. Also the half-life of the counts of messages and bytes.',
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
        'When slots move that their owner could also keep. even: at once, with their connections, at the pace of maxConnectionsPerSecond. lazy: once they have no connections. The slots of lost and draining nodes move at once with both.',
      ),
    lazy: z
      .strictObject({
        maxSeconds: seconds
          .default(3600)
          .describe('Seconds after which slots that still have connections also move, as with even.'),
      })
      .prefault({})
      .describe('For strategy lazy.'),
    paused: z
      .boolean()
      .default(false)
      .describe(
        'Pauses moves that only improve balance, between nodes and between gateways. The slots of lost and draining nodes still move.',
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
