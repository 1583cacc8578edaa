export type { Limits } from './limits.ts';
