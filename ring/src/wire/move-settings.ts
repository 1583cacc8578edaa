import { z } from 'zod';

/** How gateways move live connections. */
export const moveSettingsSchema = z.object({
  mode: z
    .enum(['reconnect', 'migrate'])
    .default('reconnect')
    .describe(
      'How a WebSocket moves to its new owner. reconnect: its client is told to reconnect. migrate: the gateway keeps the client and switches to the new owner between two messages.',
    ),
  onLost: z
    .enum(['close', 'redial'])
    .default('close')
    .describe(
      'What happens to the clients of a node that died. close: they are told to reconnect. redial: with mode migrate the gateway keeps them and dials the new owner; messages in flight may be lost.',
    ),
  closeCode: z
    .int()
    .min(1001)
    .max(4999)
    .refine((code) => [1001, 1012, 1013].includes(code) || code >= 3000, {
      message: 'must be 1001, 1012, 1013 or from 3000 to 4999',
    })
    .default(1012)
    .describe(
      'Close code that tells a client to reconnect: 1012 (service restart), 1001, 1013, or one of your own from 3000 to 4999.',
    ),
  lostSeconds: z
    .number()
    .min(0)
    .max(60)
    .default(1)
    .describe(
      'Seconds within which the clients of a lost node are told to reconnect, spread evenly. A faster maxConnectionsPerSecond shortens them.',
    ),
  httpSeconds: z
    .number()
    .min(0)
    .max(86_400)
    .default(60)
    .describe(
      'Seconds for which a plain HTTP request, other than an event stream, may go on at a node that no longer owns its key. Event streams end behind a whole event, at the pace of all moves.',
    ),
});
export type MoveSettings = Readonly<z.infer<typeof moveSettingsSchema>>;

/** For rings from a controller that sends none. */
export const DEFAULT_MOVE_SETTINGS: MoveSettings = moveSettingsSchema.parse({});
