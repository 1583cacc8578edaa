export { loadClusterFile } from './cluster/load.ts';
export type { Leadership } from './leadership/port.ts';
export type { Registry } from './registry/port.ts';
export type { SourceHandlers, Workload, WorkloadSource } from './workloads/port.ts';
