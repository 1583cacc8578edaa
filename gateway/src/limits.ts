import { DEFAULT_GATEWAY_LIMITS, type GatewayLimits } from '@wscluster/ring';
import type { RequestLimit } from './errors.ts';

/** What ends open connections, by its name in the cluster's spec. */
export type SweptLimit =
  | 'rebalance'
  | 'idleSeconds'
  | 'pingSeconds'
  | 'stallSeconds'
  | 'maxHeldBytes'
  | 'maxConnectionSeconds';
/** Any limit that refuses requests or ends connections. */
export type LimitName = RequestLimit | SweptLimit;

/** Time and size limits of the data plane, with their reasons. Milliseconds and bytes. */
export interface Limits {
  /** TCP connect to the owner. A node in the same network answers within a few ms; a lost SYN is resent after 1 s. */
  readonly connectMs: number;
  /**
   * The owner's answer to an upgrade, from the connect on. Long enough for a node that authenticates against a slow
   * service.
   */
  readonly answerMs: number;
  /** Head of the owner's answer. The same as Node's own limit for request heads. */
  readonly answerHeadBytes: number;
  /**
   * How long a refused dial waits for a ring with another owner. A lost node is noticed and replaced within this time.
   */
  readonly ownerWaitMs: number;
  /** How long a Close waits for the end of a message; after that, the end of any frame will do. */
  readonly messageGraceMs: number;
  /**
   * Time from the Close to the client's own Close; also the time without progress after which a closing connection is
   * cut.
   */
  readonly closeMs: number;
  /** Time for the node's part of the close handshake if the client did not do its own. */
  readonly nodeCloseMs: number;
  /** How long a handover waits for the end of a client's message; after that the client is told to reconnect. */
  readonly holdMs: number;
  /** How long a node that understands handovers may take to release a connection. */
  readonly releaseMs: number;
  /** Time for a request's head to arrive (slow loris). */
  readonly requestHeadMs: number;
  /** Time for a whole plain request to arrive, with its body; 0: forever. */
  readonly requestMs: number;
  /** Longest silence within the body of a request; 0: forever. */
  readonly bodySilenceMs: number;
  /** How long a client's connection is kept for its next request. */
  readonly keepAliveMs: number;
  /** Time for the owner's answer to a plain HTTP request, and longest silence within it; 0: forever. */
  readonly httpAnswerMs: number;
  /** Longest silence within an event stream; 0: forever. */
  readonly eventStreamMs: number;
  /** Bodies up to this size are held in memory, so that a refused connect can be retried at the new owner. */
  readonly heldBodyBytes: number;
  /** How long after an owner change requests are marked as settling. Clients have reconnected by then. */
  readonly settlingMs: number;
  /** Client connections, from routing until they are fully closed; 0: no limit. */
  readonly maxConnections: number;
  /** The same for one key; 0: no limit. */
  readonly maxConnectionsPerKey: number;
  /** WebSocket upgrades a second; 0: no limit. */
  readonly maxHandshakesPerSecond: number;
  /** Plain requests in progress; 0: no limit. */
  readonly maxRequests: number;
  /** The same for one node, and thereby of the connections to it for such requests; 0: no limit. */
  readonly maxRequestsPerNode: number;
  /** Size of a request's header lines. */
  readonly maxHeaderBytes: number;
  /** Number of a request's header lines. */
  readonly maxHeaderLines: number;
  /** Size of a request's path and query. */
  readonly maxPathBytes: number;
  /** A connection is closed after this time without a byte in either direction; 0: never. */
  readonly idleMs: number;
  /** A client that has been silent for this long is pinged, to find those whose network vanished; 0: never. */
  readonly pingMs: number;
  /**
   * How long data may wait for a client, or for its node, without any of it being read; 0: forever. The amount needs no
   * limit: the sender is held back once 64 KiB, and what the kernel buffers, are waiting.
   */
  readonly stallMs: number;
  /** Bytes that may wait for readers in all connections together; 0: no limit. */
  readonly maxHeldBytes: number;
  /** Age at which a connection is told to come back, at the latest; 0: never. */
  readonly maxAgeMs: number;
  /** Time between two sweeps over all connections for the five limits above. */
  readonly sweepMs: number;
}

/**
 * TCP keep-alive of every socket, to clients and to nodes: the first probe is sent after this many ms of silence.
 * Shorter than the idle timeouts of common load balancers and NATs (60 s and more).
 */
export const KEEP_ALIVE_MS = 30_000;

/** A lost SYN is resent after 1 s, and again 2 s later. */
const CONNECT_MS = 3_000;

/** The limits that a cluster sets, in the units of the data plane. */
function ofCluster(limits: GatewayLimits) {
  return {
    maxConnections: limits.maxConnections,
    maxConnectionsPerKey: limits.maxConnectionsPerKey,
    maxHandshakesPerSecond: limits.maxHandshakesPerSecond,
    maxRequests: limits.maxRequests,
    maxRequestsPerNode: limits.maxRequestsPerNode,
    maxHeaderBytes: limits.maxHeaderBytes,
    maxHeaderLines: limits.maxHeaderLines,
    maxPathBytes: limits.maxPathBytes,
    requestHeadMs: limits.handshakeSeconds * 1000,
    requestMs: limits.requestSeconds * 1000,
    bodySilenceMs: limits.bodySilenceSeconds * 1000,
    keepAliveMs: limits.keepAliveSeconds * 1000,
    connectMs: Math.min(limits.ownerSeconds * 1000, CONNECT_MS),
    answerMs: limits.ownerSeconds * 1000,
    httpAnswerMs: limits.answerSilenceSeconds * 1000,
    eventStreamMs: limits.eventStreamSilenceSeconds * 1000,
    idleMs: limits.idleSeconds * 1000,
    pingMs: limits.pingSeconds * 1000,
    stallMs: limits.stallSeconds * 1000,
    maxHeldBytes: limits.maxHeldBytes,
    maxAgeMs: limits.maxConnectionSeconds * 1000,
  };
}

export const DEFAULT_LIMITS: Limits = {
  ...ofCluster(DEFAULT_GATEWAY_LIMITS),
  answerHeadBytes: 16_384,
  ownerWaitMs: 2_000,
  messageGraceMs: 500,
  closeMs: 5_000,
  nodeCloseMs: 1_000,
  holdMs: 10_000,
  releaseMs: 10_000,
  heldBodyBytes: 65_536,
  settlingMs: 10_000,
  sweepMs: 1_000,
};

/** The limits in force: the cluster's limits override the defaults, and those given to this process override both. */
export class CurrentLimits {
  readonly #own: Partial<Limits>;
  readonly #workers: number;
  #value: Limits;

  /** `workers`: the processes that share the limits of one gateway. */
  constructor(own: Partial<Limits>, workers = 1) {
    this.#own = own;
    this.#workers = workers;
    this.#value = this.#inForce(DEFAULT_GATEWAY_LIMITS);
  }

  /** One immutable snapshot, replaced as a whole. Connections keep the one that they started with. */
  get value(): Limits {
    return this.#value;
  }

  /** Takes over the limits of a ring; undefined: the defaults. */
  follow(limits: GatewayLimits | undefined): void {
    this.#value = this.#inForce(limits ?? DEFAULT_GATEWAY_LIMITS);
  }

  #inForce(limits: GatewayLimits): Limits {
    const share = (count: number) => Math.ceil(count / this.#workers);
    const shared = {
      maxConnections: share(limits.maxConnections),
      maxHandshakesPerSecond: share(limits.maxHandshakesPerSecond),
      maxRequests: share(limits.maxRequests),
      maxRequestsPerNode: share(limits.maxRequestsPerNode),
      maxHeldBytes: share(limits.maxHeldBytes),
    };
    return { ...DEFAULT_LIMITS, ...ofCluster({ ...limits, ...shared }), ...this.#own };
  }
}
