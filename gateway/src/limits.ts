import { DEFAULT_GATEWAY_LIMITS, type GatewayLimits } from '@wscluster/ring';
import type { RequestLimit } from './errors.ts';

/** The limits that end an open connection, by their names in the cluster's spec. */
export type SweptLimit = 'idleSeconds' | 'pingSeconds' | 'stallSeconds';
/** What refused a request or ended a connection. */
export type LimitName = RequestLimit | SweptLimit;

/** Time and size limits of the data plane, each with its reason. Milliseconds and bytes. */
export interface Limits {
  /** TCP connect to the owner: a node in the same network answers in a few ms; a lost SYN is sent again after 1 s. */
  readonly connectMs: number;
  /** The owner's answer to an upgrade, from the connect on; covers a node that authenticates against something slow. */
  readonly answerMs: number;
  /** Head of the owner's answer; Node's own bound for request heads is the same. */
  readonly answerHeadBytes: number;
  /** How long a refused dial waits for a ring with another owner: a lost node is seen and reassigned within that. */
  readonly ownerWaitMs: number;
  /** How long a Close waits for the end of a message before the end of any frame will do. */
  readonly messageGraceMs: number;
  /** From the Close to the client's own Close, and the time without progress after which a closing connection is cut. */
  readonly closeMs: number;
  /** The node's time for its part of the close handshake, when the client did not do its own. */
  readonly nodeCloseMs: number;
  /** A request's head (slow loris). */
  readonly requestHeadMs: number;
  /** The owner's answer to a plain HTTP request, and silence within one. */
  readonly httpAnswerMs: number;
  /** Bodies up to this are held so that a refused connect can be tried again at the new owner. */
  readonly heldBodyBytes: number;
  /** How long after an owner change requests are marked as settling: clients have come back by then. */
  readonly settlingMs: number;
  /** Client connections, from routing until nothing is left of them; 0: no limit. */
  readonly maxConnections: number;
  /** The same, of one key; 0: no limit. */
  readonly maxConnectionsPerKey: number;
  /** Header lines of a request. */
  readonly maxHeaderBytes: number;
  /** Path and query of a request. */
  readonly maxPathBytes: number;
  /** Without a byte either way a connection is closed after this; 0: never. */
  readonly idleMs: number;
  /** Silence of a client after which it is pinged, to find those whose network went away without a word; 0: never. */
  readonly pingMs: number;
  /**
   * How long what waits for a client, or for its node, may wait without any of it being taken; 0: for ever. How much may
   * wait needs no limit of its own: the other end is held back once 64 KiB and what the kernel holds are waiting.
   */
  readonly stallMs: number;
  /** Between two looks at all connections for the three above. */
  readonly sweepMs: number;
}

/**
 * TCP keep-alive of every socket, to clients and to nodes: the first probe after this much silence, ms. Shorter than the
 * idle time-outs of usual load balancers and NATs (60 s and more).
 */
export const KEEP_ALIVE_MS = 30_000;

/** A lost SYN is sent again after 1 s, and once more 2 s later. */
const CONNECT_MS = 3_000;

/** What a cluster sets, in the units of the data plane. */
function ofCluster(limits: GatewayLimits) {
  return {
    maxConnections: limits.maxConnections,
    maxConnectionsPerKey: limits.maxConnectionsPerKey,
    maxHeaderBytes: limits.maxHeaderBytes,
    maxPathBytes: limits.maxPathBytes,
    requestHeadMs: limits.handshakeSeconds * 1000,
    connectMs: Math.min(limits.ownerSeconds * 1000, CONNECT_MS),
    answerMs: limits.ownerSeconds * 1000,
    idleMs: limits.idleSeconds * 1000,
    pingMs: limits.pingSeconds * 1000,
    stallMs: limits.stallSeconds * 1000,
  };
}

export const DEFAULT_LIMITS: Limits = {
  ...ofCluster(DEFAULT_GATEWAY_LIMITS),
  answerHeadBytes: 16_384,
  ownerWaitMs: 2_000,
  messageGraceMs: 500,
  closeMs: 5_000,
  nodeCloseMs: 1_000,
  httpAnswerMs: 60_000,
  heldBodyBytes: 65_536,
  settlingMs: 10_000,
  sweepMs: 1_000,
};

/** The limits in force: what the cluster sets over the defaults, and what this process was given over both. */
export class CurrentLimits {
  readonly #own: Partial<Limits>;
  #value: Limits;

  constructor(own: Partial<Limits>) {
    this.#own = own;
    this.#value = { ...DEFAULT_LIMITS, ...own };
  }

  /** One immutable snapshot, swapped whole. Connections keep the one that they began with. */
  get value(): Limits {
    return this.#value;
  }

  /** Takes over what came with a ring; undefined: the defaults. */
  follow(limits: GatewayLimits | undefined): void {
    this.#value = { ...DEFAULT_LIMITS, ...ofCluster(limits ?? DEFAULT_GATEWAY_LIMITS), ...this.#own };
  }
}
