import { compareRevisions, formatRevision, type Member, ownerOf, type Ring, slotOf } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import {
  DEFAULT_UPDATE_TIMING,
  type RingBusFollower,
  type RingHolder,
  type RingReader,
  type RingTransport,
  RingUpdates,
} from '@wscluster/transport';
import type { Routed } from './gateway-headers.ts';

/** Docker names a container's host after the first 12 digits of the container's id. */
const SHORT_ID = /^[0-9a-f]{12,}$/;

/** Bus and store of a ring, for one who only reads it. */
export interface RingSource extends Pick<RingTransport, 'openFollower'> {
  openReader(): RingReader;
}

export interface RingViewOptions {
  readonly cluster: string;
  /** This node's id in the ring, or the host name of its container. */
  readonly self: string;
  readonly source: RingSource;
  readonly log: Logger;
  /** Called with each new ring. Must not throw. */
  onRing?(ring: Ring): void;
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
  /** The other node that owns the slot; undefined if this one does, or if nobody is known to. */
  ownerElsewhere(slot: number): Member | undefined;
  close(): Promise<void>;
}

/**
 * Follows the ring of a cluster. Resolves once it has asked the store; does not fail if bus or store are unavailable.
 */
export async function followRing({ cluster, self, source, log, onRing }: RingViewOptions): Promise<RingView> {
  const holder = new Holder(onRing);
  const store = source.openReader();
  const timing = DEFAULT_UPDATE_TIMING;
  // The output of many nodes ends up in one log, and a rollout has many rings.
  const updates = new RingUpdates({ cluster, store, holder, log, timing, logRings: 'first' });
  let bus: RingBusFollower;
  try {
    bus = await source.openFollower(updates);
  } catch (error) {
    await store.close();
    throw error;
  }
  await updates.start();
  const ownerElsewhere = (slot: number) => {
    const owner = holder.ring && ownerOf(holder.ring, slot);
    return owner === undefined || isNode(owner.nodeId, self) ? undefined : owner;
  };
  return {
    get ring() {
      return holder.ring;
    },
    lost({ key, revision }) {
      const { ring } = holder;
      if (ring === undefined || key === undefined || revision === undefined) return undefined;
      if (compareRevisions(ring.revision, revision) <= 0) return undefined;
      return ownerElsewhere(slotOf(key)) && formatRevision(ring.revision);
    },
    ownerElsewhere,
    async close() {
      updates.stop();
      await Promise.allSettled([bus.close(), store.close()]);
    },
  };
}

class Holder implements RingHolder {
  ring: Ring | undefined;
  readonly #onRing: ((ring: Ring) => void) | undefined;

  constructor(onRing: ((ring: Ring) => void) | undefined) {
    this.#onRing = onRing;
  }

  take(ring: Ring): void {
    this.ring = ring;
    this.#onRing?.(ring);
  }
}

function isNode(nodeId: string, self: string): boolean {
  return nodeId === self || (SHORT_ID.test(self) && nodeId.startsWith(self));
}
