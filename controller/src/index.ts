export { loadClusterFile } from './cluster/load.ts';
export type { SourceHandlers, Workload, WorkloadSource } from './workloads/port.ts';
