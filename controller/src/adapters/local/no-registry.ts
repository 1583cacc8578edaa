import type { Registry } from '../../core/ports/registry.ts';

/** No registry: only the ring says which nodes there are. */
export function noRegistry(): Registry {
  return { sync: async () => {}, clear: async () => {}, close: async () => {} };
}
