import type { Reign } from '../../core/loop/reign.ts';
import type { ClusterHappening } from './event-writer.ts';

/** Writes an Event for each node whose state changes; returns a function that ends this. */
export function writeNodeEvents(reign: Reign, write: (happening: ClusterHappening) => void): () => void {
  return reign.events.listen(({ type: about, message, details: { state } }) => {
    // What a new leader finds is not a change.
    if (about !== 'node' || !reign.listed) return;
    const lost = state === 'unready' || state === 'gone' || state === 'restarting';
    write({ type: lost ? 'Warning' : 'Normal', reason: nodeReason(state), message });
  });
}

/** `NodeReady`, `NodeDraining`, ... */
function nodeReason(state: unknown): string {
  const text = String(state);
  return `Node${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
