import type { Broadcast, Uplink } from '@wscluster/ring';

/**
 * Carries rings and heartbeats from the controller to every follower (gateways, nodes) of one cluster, and reports
 * back. Delivery is best effort, and nothing is kept for absent followers; heartbeats and the ring store repair what
 * they missed. Both ends reconnect by themselves, with jittered back-off, until closed.
 */
export interface RingBusHub {
  /**
   * Since when the bus has carried messages both ways without a break, performance.now() in ms; undefined while it does
   * not. A bus that hangs shows in `broadcast` first.
   */
  readonly connectedSince: number | undefined;
  /** Resolves when the bus has taken the message; rejects with BUS_UNAVAILABLE when it can't now. */
  broadcast(message: Broadcast): Promise<void>;
  close(): Promise<void>;
}

export interface HubHandlers {
  /** Called for each valid message from a follower. Damaged ones are logged and dropped. Must not throw. */
  onUplink(message: Uplink): void;
}

export interface RingBusFollower {
  readonly connected: boolean;
  /** Resolves when the bus has taken the message; rejects with BUS_UNAVAILABLE when it can't now. */
  send(message: Uplink): Promise<void>;
  close(): Promise<void>;
}

export interface FollowerHandlers {
  /**
   * Called for each valid message from the controller, in order. Damaged ones are logged and dropped. Must not throw.
   */
  onBroadcast(message: Broadcast): void;
  /** Called when connected or reconnected: read the store now, since messages may have been missed. */
  onConnected(): void;
  onDisconnected(): void;
}
