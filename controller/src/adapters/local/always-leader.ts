import type { Leadership } from '../../core/ports/leadership.ts';

/** For a single controller: it leads as soon as it asks to, until it gives up the lead. */
export function alwaysLeader(): Leadership {
  let lead: AbortController | undefined;
  const release = async () => {
    lead?.abort();
    lead = undefined;
  };
  return {
    get leading() {
      return lead !== undefined;
    },
    async elected(signal) {
      signal.throwIfAborted();
      lead ??= new AbortController();
      return lead.signal;
    },
    standingIn: false,
    followed: () => {},
    confirm: async () => lead !== undefined,
    leader: async () => undefined,
    release,
    close: release,
  };
}
