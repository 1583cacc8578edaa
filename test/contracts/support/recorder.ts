import type { Broadcast, Uplink } from '@wscluster/ring';
import type { FollowerHandlers, HubHandlers } from '@wscluster/transport';

/** A hub's handlers that keep what they were told. */
export class HubRecorder implements HubHandlers {
  readonly uplinks: Uplink[] = [];

  onUplink = (message: Uplink): void => {
    this.uplinks.push(message);
  };

  /** The `moved` of the reports of one gateway, in the order of arrival: the tests number reports by it. */
  reportsOf(gateway: string): number[] {
    return this.uplinks.flatMap((m) => (m.type === 'report' && m.gateway === gateway ? [m.moved] : []));
  }
}

/** A follower's handlers that keep what they were told. */
export class FollowerRecorder implements FollowerHandlers {
  readonly broadcasts: Broadcast[] = [];
  /** `connected` and `disconnected`, as they came. */
  readonly changes: string[] = [];

  onBroadcast = (message: Broadcast): void => {
    this.broadcasts.push(message);
  };
  onConnected = (): void => {
    this.changes.push('connected');
  };
  onDisconnected = (): void => {
    this.changes.push('disconnected');
  };

  /** The versions of what arrived, in order: the tests number broadcasts by it. */
  get versions(): number[] {
    return this.broadcasts.flatMap((message) => (message.type === 'recall' ? [] : [message.revision.version]));
  }
}
