import type { Limits } from './limits.ts';
import { Pacer } from './move/pacer.ts';
import type { Tracker } from './move/tracker.ts';
import type { ClientConnection } from './relay/client-connection.ts';
import { GOING_AWAY } from './relay/close-frame.ts';

/** Milliseconds between two checks whether all connections are gone. */
const LOOK_MS = 20;

/**
 * Closes all connections with 1001, spread evenly over `drainMs`, and resolves when they are gone. Connections that
 * miss the deadlines of the close handshake are destroyed.
 */
export async function closeAll(tracker: Tracker<ClientConnection>, drainMs: number, limits: Limits): Promise<void> {
  const all = tracker.all();
  if (all.length === 0) return;
  const pacer = new Pacer<ClientConnection>((entry) => entry.close(GOING_AWAY));
  pacer.set(all, drainMs);
  await goneWithin(tracker, drainMs + limits.messageGraceMs + limits.closeMs + limits.nodeCloseMs);
  pacer.stop();
  for (const entry of tracker.all()) entry.destroy();
  await goneWithin(tracker, limits.nodeCloseMs);
}

function goneWithin(tracker: Tracker<ClientConnection>, ms: number): Promise<void> {
  const deadline = performance.now() + ms;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (tracker.size > 0 && performance.now() < deadline) return;
      clearInterval(timer);
      resolve();
    }, LOOK_MS);
  });
}
