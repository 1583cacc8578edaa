import type { Logger } from '@wscluster/service';
import type { HubHandlers, RingBusHub, RingStore } from '@wscluster/transport';
import type { Leadership } from '../ports/leadership.ts';
import type { Registry } from '../ports/registry.ts';
import type { SourceHandlers, WorkloadSource } from '../ports/workload-source.ts';
import type { SpecStore } from '../spec/spec-store.ts';
import type { Intervals } from './intervals.ts';
import type { RunMeter } from './run-meter.ts';

/** What leading one cluster needs. */
export interface ReignParts {
  readonly name: string;
  readonly spec: SpecStore;
  readonly store: RingStore;
  readonly leadership: Pick<Leadership, 'leading' | 'standingIn' | 'followed' | 'confirm'>;
  readonly log: Logger;
  /** Epoch of a ring that was seen elsewhere; the next epoch is above it. */
  readonly seenEpoch?: number | undefined;
  /** Called for each run of the loop. */
  readonly meter: RunMeter;
  /** Default: DEFAULT_INTERVALS. */
  readonly intervals?: Intervals | undefined;
  openSource(handlers: SourceHandlers): Promise<WorkloadSource>;
  openBus(handlers: HubHandlers): Promise<RingBusHub>;
  /** Undefined: the nodes are not registered anywhere. */
  openRegistry(): Promise<Registry | undefined>;
  /** The store has lost the ring: restores what else was kept there. Retried if it rejects. */
  restoreDocuments(): Promise<void>;
}
