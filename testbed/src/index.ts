export type { RealServer } from './server.ts';
