import type { OptionValues } from '@wscluster/service';
import type { ElectionLock } from '../api/metrics.ts';
import type { controllerOptions } from '../config.ts';
import type { Candidate } from '../core/loop/candidate.ts';

export type Options = OptionValues<typeof controllerOptions>;

/** The clusters of this process, wherever they are declared. */
export interface ServedClusters {
  /** May change while it runs. */
  readonly clusters: readonly Candidate[];
  /** The locks that decide who leads them. */
  locks(): readonly ElectionLock[];
  /** Why it is not ready; undefined if it is. */
  notReady(): string | undefined;
  /** `self`: base URL of this controller's API for others. Resolves once each cluster is led, here or elsewhere. */
  start(self: string): Promise<void>;
  stop(): Promise<void>;
}
