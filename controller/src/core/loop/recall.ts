import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import {
  compareRevisions,
  decodeRing,
  formatRevision,
  messageOf,
  type Revision,
  type RingMessage,
  WIRE_MAJOR,
} from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import type { RingBusHub, RingStore } from '@wscluster/transport';
import type { Fleet } from '../fleet/fleet.ts';
import type { Intervals } from './intervals.ts';

/**
 * Resolves once the bus accepts messages, and, if it was unavailable, once gateways have had time to reconnect; after
 * `busMs` in any case. For a start without a ring: gateways may have one, and can only be heard over the bus.
 */
export async function busTaken(
  bus: RingBusHub,
  cluster: string,
  { busMs, busRetryMs, followersMs }: Pick<Intervals, 'busMs' | 'busRetryMs' | 'followersMs'>,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + busMs;
  for (let late = false; !signal.aborted && performance.now() < deadline; late = true) {
    const message = { wire: WIRE_MAJOR, type: 'recall', cluster } as const;
    const taken = await bus.broadcast(message).then(
      () => true,
      () => false,
    );
    const waitMs = taken ? followersMs : busRetryMs;
    if (!taken || late) await delay(waitMs, undefined, { signal }).catch(() => {});
    if (taken) return;
  }
}

/** The newest valid ring that gateways have returned. */
export class GivenRings {
  #newest: RingMessage | undefined;
  readonly #added = new EventTarget();

  add(ring: RingMessage): void {
    if (!isSound(ring)) return;
    if (this.#newest === undefined || compareRevisions(ring.revision, this.#newest.revision) > 0) this.#newest = ring;
    this.#added.dispatchEvent(new Event('added'));
  }

  /** The newest ring, as soon as it is not older than `revision`, or when `signal` is aborted. */
  async newest(revision: Revision, signal: AbortSignal): Promise<RingMessage | undefined> {
    while (!signal.aborted && (this.#newest === undefined || compareRevisions(this.#newest.revision, revision) < 0))
      await once(this.#added, 'added', { signal }).catch(() => {});
    return this.#newest;
  }
}

export interface RecallParts {
  readonly cluster: string;
  /** The revision of the stored ring. */
  readonly held: Revision;
  readonly store: RingStore;
  readonly bus: RingBusHub;
  /** The gateways that have reported so far. */
  readonly fleet: Fleet;
  readonly given: GivenRings;
  readonly signal: AbortSignal;
  /** How long to wait for gateways, which answer at once, ms. */
  readonly recallMs: number;
  readonly log: Logger;
}

/**
 * A ring newer than the stored one, if gateways route by one: from the store, which may have it by now, or else from a
 * gateway. So a store that was emptied or restored to an older state costs no connection. Undefined if there is none.
 */
export async function recallRing(parts: RecallParts): Promise<RingMessage | undefined> {
  const { cluster, held, store, bus, fleet, given, log } = parts;
  const applied = fleet.highestApplied();
  if (applied === undefined || compareRevisions(applied, held) <= 0) return undefined;
  const stored = await store.load().catch(() => undefined);
  if (stored !== undefined && compareRevisions(stored.revision, applied) >= 0) return stored;

  const signal = AbortSignal.any([parts.signal, AbortSignal.timeout(parts.recallMs)]);
  const answer = given.newest(applied, signal);
  await bus
    .broadcast({ wire: WIRE_MAJOR, type: 'recall', cluster })
    .catch((error: unknown) =>
      log.warn(
        { event: 'recall-failed', error, action: 'check why the bus is unavailable' },
        `gateways cannot be asked for their ring: ${messageOf(error)}`,
      ),
    );
  const best = [stored, await answer]
    .filter((ring) => ring !== undefined)
    .sort(byRevision)
    .at(-1);
  const action =
    best === undefined ? 'none: a new ring is made, and clients may move once' : 'none: no client has to move';
  log.warn(
    {
      event: 'ring-recalled',
      cluster,
      applied: formatRevision(applied),
      found: best && formatRevision(best.revision),
      action,
    },
    `the store lacks ring ${formatRevision(applied)}, which gateways route by; ${best === undefined ? 'no gateway has returned it' : 'a gateway has returned it'}`,
  );
  return best !== undefined && compareRevisions(best.revision, held) > 0 ? best : undefined;
}

function byRevision(a: RingMessage | undefined, b: RingMessage | undefined): number {
  return a === undefined || b === undefined ? 0 : compareRevisions(a.revision, b.revision);
}

function isSound(message: RingMessage): boolean {
  try {
    decodeRing(message);
    return true;
  } catch {
    return false;
  }
}
