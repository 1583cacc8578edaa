import { z } from 'zod';

const seconds = z.number().min(0).max(86_400);

/** What each gateway process of a cluster lets clients do. They count per process; 0 is no limit where it is allowed. */
export const gatewayLimitsSchema = z.object({
  maxConnections: z
    .int()
    .min(0)
    .max(10_000_000)
    .default(0)
    .describe('WebSocket connections of a gateway; one more is answered 503. 0: no limit.'),
  maxConnectionsPerKey: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .describe('WebSocket connections of a key at a gateway; one more is answered 429. 0: no limit.'),
  maxHeaderBytes: z
    .int()
    .min(1_024)
    .max(65_536)
    .default(16_384)
    .describe("Bytes of a request's header lines; more is answered 431."),
  // A key of 1,024 bytes takes three times as many when it is percent-encoded.
  maxPathBytes: z.int().min(64).max(32_768).default(4_096).describe('Bytes of path and query; more is answered 414.'),
  handshakeSeconds: z
    .number()
    .min(1)
    .max(300)
    .default(10)
    .describe("Seconds for a request's head to arrive; later it is answered 408."),
  ownerSeconds: z
    .number()
    .min(0.1)
    .max(300)
    .default(10)
    .describe('Seconds for a node to answer an upgrade; later the client gets 504.'),
  idleSeconds: seconds
    .default(0)
    .describe('Seconds without a byte in either direction after which a WebSocket is closed with 1001. 0: never.'),
  pingSeconds: seconds
    .default(0)
    .describe(
      'Seconds without a byte from a client after which the gateway sends it a Ping; after two without an answer it is cut off. 0: none.',
    ),
  stallSeconds: seconds
    .default(60)
    .describe(
      'Seconds in which a client, or its node, takes nothing of what waits for it, after which the connection is cut. 0: never.',
    ),
});
export type GatewayLimits = Readonly<z.infer<typeof gatewayLimitsSchema>>;

/** For rings of a controller that sends none. */
export const DEFAULT_GATEWAY_LIMITS: GatewayLimits = gatewayLimitsSchema.parse({});
