export * from './connections.ts';
export * from './drain.ts';
export * from './gateway-headers.ts';
export * from './ring-view.ts';
