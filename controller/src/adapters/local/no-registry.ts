import type { Registry } from '../../core/ports/registry.ts';

/** No registry: the ring alone says who the nodes are. */
export function noRegistry(): Registry {
  return { sync: async () => {}, clear: async () => {}, close: async () => {} };
}
