import { z } from 'zod';

const seconds = z.number().min(0).max(86_400);

/** Node.js as a backend refuses a head of more lines, or drops those beyond, as its version has it. */
const NODE_HEADER_LINES = 1_000;
/** What the gateway adds to an upgrade that goes from a lost node to another one, net of what it replaces. */
const MOST_ADDED_LINES = 12;

/** The most header lines that a cluster can allow: with those of the gateway, a node gets no more than it reads. */
export const MAX_HEADER_LINES = NODE_HEADER_LINES - MOST_ADDED_LINES;

/** Limits of each gateway of a cluster. Where 0 is allowed, it means no limit. */
export const gatewayLimitsSchema = z.object({
  maxConnections: z
    .int()
    .min(0)
    .max(10_000_000)
    .default(0)
    .describe('WebSocket connections of a gateway; beyond them it answers 503. 0: no limit.'),
  maxConnectionsPerKey: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .describe('WebSocket connections of a key at a gateway; beyond them it answers 429. 0: no limit.'),
  maxHandshakesPerSecond: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .describe('WebSocket upgrades a second at a gateway; beyond them it answers 503. 0: no limit.'),
  maxRequests: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(10_000)
    .describe('Plain HTTP requests in progress at a gateway; beyond them it answers 503. 0: no limit.'),
  maxRequestsPerNode: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(1_000)
    .describe(
      'Plain HTTP requests in progress at one node, which also limits the connections of a gateway to the node for such requests. 0: no limit.',
    ),
  maxHeldBytes: z
    .int()
    .min(0)
    .max(2 ** 40)
    .default(0)
    .describe(
      'Bytes that wait in a gateway until clients and nodes read them. Beyond this limit, the connections that hold the most are cut, and new connections are refused for the next second. 0: no limit.',
    ),
  maxHeaderBytes: z
    .int()
    .min(1_024)
    .max(65_536)
    .default(16_384)
    .describe("Bytes of a request's header lines; beyond them the gateway answers 431."),
  maxHeaderLines: z
    .int()
    .min(10)
    .max(MAX_HEADER_LINES)
    .default(100)
    .describe(
      'Header lines of a request; beyond them the gateway answers 431. With those of the gateway, a node gets at most the 1000 that Node.js reads.',
    ),
  // A percent-encoded key takes up to three times its 1,024 bytes.
  maxPathBytes: z
    .int()
    .min(64)
    .max(32_768)
    .default(4_096)
    .describe('Bytes of path and query; beyond them the gateway answers 414.'),
  handshakeSeconds: z
    .number()
    .min(1)
    .max(300)
    .default(10)
    .describe("Seconds in which a request's head must arrive; after them the gateway answers 408."),
  requestSeconds: seconds
    .default(300)
    .describe(
      'Seconds in which a whole plain HTTP request must arrive, with its body; after them the gateway answers 408. 0: no limit.',
    ),
  bodySilenceSeconds: seconds
    .default(30)
    .describe(
      'Seconds for which the body of a plain HTTP request may stop arriving; after them the gateway answers 408. 0: no limit.',
    ),
  keepAliveSeconds: z
    .number()
    .min(1)
    .max(3_600)
    .default(75)
    .describe(
      "Seconds for which a client's connection is kept open for its next plain HTTP request. Set it above the idle timeout of the load balancer in front.",
    ),
  ownerSeconds: z
    .number()
    .min(0.1)
    .max(300)
    .default(10)
    .describe('Seconds in which a node must answer an upgrade; after them the client gets 504.'),
  answerSilenceSeconds: seconds
    .default(60)
    .describe(
      'Seconds for which the answer to a plain HTTP request may be silent, from the request on; after them the client gets 504, or the answer breaks off. 0: no limit.',
    ),
  eventStreamSilenceSeconds: seconds
    .default(0)
    .describe('The same for an answer of the type text/event-stream, once it has begun. 0: no limit.'),
  idleSeconds: seconds
    .default(0)
    .describe('A WebSocket is closed with 1001 after this many seconds without a byte in either direction. 0: never.'),
  pingSeconds: seconds
    .default(0)
    .describe(
      'The gateway sends a client a Ping after this many seconds without a byte from it, and cuts it off after two unanswered Pings. 0: no Pings.',
    ),
  maxConnectionSeconds: z
    .number()
    .min(0)
    .max(2_592_000)
    .default(0)
    .describe(
      'Age in seconds at which a WebSocket or an event stream is told to reconnect, each at a random 80 to 100 % of it. So gateways that were added get their share. 0: never.',
    ),
  stallSeconds: seconds
    .default(60)
    .describe(
      'A connection is cut if data has waited for a client or its node for this many seconds and none of it was read. 0: never.',
    ),
});
export type GatewayLimits = Readonly<z.infer<typeof gatewayLimitsSchema>>;

/** For rings from a controller that sends no limits. */
export const DEFAULT_GATEWAY_LIMITS: GatewayLimits = gatewayLimitsSchema.parse({});
