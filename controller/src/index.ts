export { loadClusterFile } from './cluster/load.ts';
