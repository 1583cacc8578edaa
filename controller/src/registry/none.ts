import type { Registry } from './port.ts';

/** No registry: the ring alone says who the nodes are. */
export function noRegistry(): Registry {
  return { sync: async () => {}, clear: async () => {}, close: async () => {} };
}
