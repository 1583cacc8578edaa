export { WsClusterError } from '@wscluster/ring';
export { createLogger } from '@wscluster/service';
export { openTransport, type RingTransport, type TransportOptions } from '@wscluster/transport';
export * from './connections.ts';
export * from './drain.ts';
export * from './gateway-headers.ts';
export * from './port-file.ts';
export * from './ring-view.ts';
