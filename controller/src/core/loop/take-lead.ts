import { setTimeout as delay } from 'node:timers/promises';
import { EMPTY_RING, type Revision, type Ring, type RingMessage } from '@wscluster/ring';
import { nextEpoch } from '../publish/epoch.ts';
import type { Intervals } from './intervals.ts';
import { busTaken, type RecallParts, recallRing } from './recall.ts';

export interface TakeLeadParts extends Omit<RecallParts, 'held' | 'fleet' | 'recallMs'> {
  /** The stored ring. */
  readonly ring: Ring;
  readonly storedRevision: Revision | undefined;
  /** Epoch of a ring that was seen elsewhere. */
  readonly seenEpoch: number;
  readonly intervals: Intervals;
  /** The gateways that have reported so far. */
  fleet(): RecallParts['fleet'];
}

export interface Lead {
  /** Above all epochs that were seen. */
  readonly epoch: number;
  /** A ring newer than the stored one, to continue from; undefined if there is none. */
  readonly newer: RingMessage | undefined;
}

/** Listens for gateways, and finds the newest ring that exists anywhere. Undefined if `signal` is aborted meanwhile. */
export async function takeLead(parts: TakeLeadParts): Promise<Lead | undefined> {
  const { ring, bus, cluster, signal, storedRevision, seenEpoch, fleet, intervals } = parts;
  if (ring === EMPTY_RING) await busTaken(bus, cluster, intervals, signal);
  await delay(intervals.listenMs, undefined, { signal }).catch(() => {});
  const newer = await recallRing({ ...parts, held: ring.revision, fleet: fleet(), recallMs: intervals.recallMs });
  if (signal.aborted) return undefined;
  const seen = { epoch: seenEpoch, version: 0 };
  const epoch = nextEpoch(ring.revision, newer?.revision, storedRevision, fleet().highestApplied(), seen);
  return { epoch, newer };
}
