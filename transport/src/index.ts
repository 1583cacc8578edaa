export * from './ring-bus.ts';
export * from './ring-store.ts';
