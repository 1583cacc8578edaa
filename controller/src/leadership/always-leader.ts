import type { Leadership } from './port.ts';

/** For one controller alone: it always leads. */
export function alwaysLeader(): Leadership {
  return { leading: true, elected: async () => {}, release: async () => {} };
}
