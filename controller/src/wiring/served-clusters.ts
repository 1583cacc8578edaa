import type { OptionValues } from '@wscluster/service';
import type { ElectionLock } from '../api/metrics.ts';
import type { controllerOptions } from '../config.ts';
import type { Candidate } from '../core/loop/candidate.ts';

export type Options = OptionValues<typeof controllerOptions>;

/** The clusters of this process, wherever they are declared. */
export interface ServedClusters {
  /** May change while it runs. */
  readonly clusters: readonly Candidate[];
  /** By which it is decided who leads them. */
  locks(): readonly ElectionLock[];
  /** Undefined when ready, else why not. */
  notReady(): string | undefined;
  /** `self`: base URL by which others reach the API. Resolves when each cluster is led, here or elsewhere. */
  start(self: string): Promise<void>;
  stop(): Promise<void>;
}
