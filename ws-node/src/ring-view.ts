import { compareRevisions, formatRevision, ownerOf, type Ring, slotOf } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import {
  DEFAULT_UPDATE_TIMING,
  type RingBusFollower,
  type RingHolder,
  type RingTransport,
  RingUpdates,
} from '@wscluster/transport';
import type { Routed } from './gateway-headers.ts';

/** Docker names a container's host after the first 12 digits of the container's id. */
const SHORT_ID = /^[0-9a-f]{12,}$/;

export interface RingViewOptions {
  readonly cluster: string;
  /** This node's id in the ring, or the host name of its container. */
  readonly self: string;
  readonly transport: Pick<RingTransport, 'openFollower' | 'openStore'>;
  readonly log: Logger;
}

/** What a node knows of the ring. It only reads, and keeps the last ring when everything else is down. */
export interface RingView {
  /** The current ring; undefined before the first. */
  readonly ring: Ring | undefined;
  /**
   * If this node knows a newer ring than the gateway that sent the request, and another node owns the key in it, the
   * revision of that ring: answer 421 then. Undefined: serve the request. A node learns of a new ring a moment late, so
   * a strict single writer must also compare revisions in the application's store.
   */
  lost(routed: Pick<Routed, 'key' | 'revision'>): string | undefined;
  close(): Promise<void>;
}

/**
 * Follows the ring of a cluster. Resolves once it has asked the store; does not fail if bus or store are unavailable.
 */
export async function followRing({ cluster, self, transport, log }: RingViewOptions): Promise<RingView> {
  const holder = new Holder();
  const store = transport.openStore();
  const timing = DEFAULT_UPDATE_TIMING;
  // The output of many nodes ends up in one log, and a rollout has many rings.
  const updates = new RingUpdates({ cluster, store, holder, log, timing, logRings: 'first' });
  let bus: RingBusFollower;
  try {
    bus = await transport.openFollower(updates);
  } catch (error) {
    await store.close();
    throw error;
  }
  await updates.start();
  return {
    get ring() {
      return holder.ring;
    },
    lost({ key, revision }) {
      const { ring } = holder;
      if (ring === undefined || revision === undefined) return undefined;
      if (compareRevisions(ring.revision, revision) <= 0) return undefined;
      const owner = ownerOf(ring, slotOf(key));
      return owner === undefined || isNode(owner.nodeId, self) ? undefined : formatRevision(ring.revision);
    },
    async close() {
      updates.stop();
      await Promise.allSettled([bus.close(), store.close()]);
    },
  };
}

class Holder implements RingHolder {
  ring: Ring | undefined;

  take(ring: Ring): void {
    this.ring = ring;
  }
}

function isNode(nodeId: string, self: string): boolean {
  return nodeId === self || (SHORT_ID.test(self) && nodeId.startsWith(self));
}
