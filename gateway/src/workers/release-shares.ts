import type { Broadcast, Release } from '@wscluster/ring';
import { isSameRelease } from '../move/release.ts';

/** A worker without connections may get some before it moves them. */
const LEAST_SHARE = 0.05;

/** A worker's part of a gateway. */
export interface WorkerPart {
  readonly worker: number;
  readonly workers: number;
  /** Its connections, and those of all workers. */
  readonly connections: number;
  readonly total: number;
}

/**
 * Gives each worker its share of the moves per second that the gateway may make, by its connections. It keeps the share
 * while a release is repeated, since another rate would be another release.
 */
export class ReleaseShares {
  #release: Release | undefined;
  readonly #rates = new Map<number, number>();

  /** The message for one worker. */
  shared(message: Broadcast, part: WorkerPart): Broadcast {
    if (message.type === 'recall' || message.release.maxPerSecond === 0) return message;
    const { release } = message;
    if (this.#release === undefined || !isSameRelease(this.#release, release)) {
      this.#release = release;
      this.#rates.clear();
    }
    const rate = this.#rates.get(part.worker) ?? release.maxPerSecond * shareOf(part);
    this.#rates.set(part.worker, rate);
    return { ...message, release: { ...release, maxPerSecond: rate } };
  }

  /** The worker is gone; its replacement starts with a share of its own. */
  drop(worker: number): void {
    this.#rates.delete(worker);
  }
}

function shareOf({ workers, connections, total }: WorkerPart): number {
  return total === 0 ? 1 / workers : Math.max(connections / total, LEAST_SHARE / workers);
}
