import type { ClusterEvent } from '@wscluster/controller/api';

/** An event of the cluster, with the id that its stream gave it. */
export interface TimelineEntry extends ClusterEvent {
  readonly id: string;
}
