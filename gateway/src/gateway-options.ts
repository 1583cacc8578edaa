import type { HostPort, Logger } from '@wscluster/service';
import type { FollowerHandlers, RingBusFollower, RingReader, UpdateTiming } from '@wscluster/transport';
import type { Limits } from './limits.ts';

export interface GatewayOptions {
  readonly cluster: string;
  /** Unique among the gateways of the cluster. */
  readonly id: string;
  readonly listen: HostPort;
  /** Undefined: none; somebody else asks `problem` and `metrics`. */
  readonly probes: HostPort | undefined;
  /** `host:port` for clients; undefined: host name and data port. */
  readonly advertise: string | undefined;
  /** Time between becoming unready and refusing new clients, ms. */
  readonly unreadyMs: number;
  /** Time over which clients are told to leave when the gateway stops, ms. */
  readonly drainMs: number;
  readonly store: RingReader;
  openBus(handlers: FollowerHandlers): Promise<RingBusFollower>;
  readonly log: Logger;
  /** Set if this is one of several processes that are one gateway, on one port. */
  readonly worker?: { readonly number: number; readonly of: number };
  /** Override those of the cluster. */
  readonly limits?: Partial<Limits>;
  readonly timing?: Partial<UpdateTiming>;
}

/** The options that may change while the gateway runs. */
export type LiveOptions = Pick<GatewayOptions, 'unreadyMs' | 'drainMs'>;
