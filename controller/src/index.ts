export type { Leadership } from './core/ports/leadership.ts';
export type { Registry } from './core/ports/registry.ts';
export type { SourceHandlers, Workload, WorkloadSource } from './core/ports/workload-source.ts';
export { loadClusterFile } from './core/spec/load.ts';
