import type { Leadership } from './port.ts';

/** For one controller alone: it leads as soon as it wants to, until it gives the lead up. */
export function alwaysLeader(): Leadership {
  let leading = false;
  return {
    get leading() {
      return leading;
    },
    async elected(signal) {
      signal.throwIfAborted();
      leading = true;
    },
    async release() {
      leading = false;
    },
  };
}
