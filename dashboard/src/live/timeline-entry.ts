import type { ClusterEvent as EventData } from '@wscluster/controller/api';

/** An entry of the timeline. */
export interface ClusterEvent extends EventData {
  readonly id: string;
}
