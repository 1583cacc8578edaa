import type { Broadcast, Uplink } from '@wscluster/ring';

/**
 * Carries rings and heartbeats from the controller to every follower (gateways, nodes) of one cluster, and reports back.
 * Delivery is best effort and keeps nothing for the absent: heartbeats and the ring store repair what was missed.
 * Both ends reconnect on their own, with jittered back-off, until closed.
 */
export interface RingBusHub {
  /** Resolves when the bus has taken the message; rejects with BUS_UNAVAILABLE when it can't now. */
  broadcast(message: Broadcast): Promise<void>;
  close(): Promise<void>;
}

export interface HubHandlers {
  /** A valid message from a follower. Damaged ones are logged and dropped. Must not throw. */
  onUplink(message: Uplink): void;
}

export interface RingBusFollower {
  readonly connected: boolean;
  /** Resolves when the bus has taken the message; rejects with BUS_UNAVAILABLE when it can't now. */
  send(message: Uplink): Promise<void>;
  close(): Promise<void>;
}

export interface FollowerHandlers {
  /** A valid message from the controller, in the order of sending. Damaged ones are logged and dropped. Must not throw. */
  onBroadcast(message: Broadcast): void;
  /** Connected, or connected again: read the store now, since messages may have been missed. */
  onConnected(): void;
  onDisconnected(): void;
}
