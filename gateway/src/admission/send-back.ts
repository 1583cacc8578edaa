import type { LiveConnection } from '../move/live-connection.ts';
import type { CloseNotice } from '../relay/close-frame.ts';

/**
 * Tells a client to come back: not to its owner, which has not changed, but to whichever gateway its load balancer
 * chooses. False if it cannot be told now, or was told before.
 */
export function sendBack(entry: LiveConnection, notice: CloseNotice): boolean {
  if (entry.told || !entry.relaying) return false;
  entry.told = true;
  entry.close(notice);
  return true;
}
