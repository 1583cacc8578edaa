export * from './coalesced-runner.ts';
export * from './lifecycle.ts';
export * from './listen.ts';
export * from './live-text.ts';
export * from './log.ts';
export * from './options.ts';
export * from './probes.ts';
