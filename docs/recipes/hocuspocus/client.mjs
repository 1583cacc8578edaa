import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider';
import { Doc } from 'yjs';

export function join(gateway, room, on) {
  let [failures, openedAt] = [0, Infinity];
  // The name of a document is in the messages, where no gateway looks. So it goes into the URL too.
  const websocketProvider = new HocuspocusProviderWebsocket({
    url: `ws://${gateway}/${room}`,
    delay: 200, // ms; 1,000 by default
    minDelay: 0, // ms; 1,000 by default
    maxDelay: 10_000, // ms; 30,000 by default
    onConnect() {
      openedAt = performance.now();
    },
    onClose() {
      if (performance.now() - openedAt > 5_000) failures = 0; // it has stood
      openedAt = Infinity;
      // It waits for `delay` after a connection, however short that was, and without jitter.
      const delay = (0.5 + Math.random() / 2) * Math.min(10_000, 200 * 2 ** failures++);
      websocketProvider.setConfiguration({ delay: Math.round(delay) }); // no fractions, or it comes back no more
    },
  });
  const document = new Doc();
  const lines = document.getArray('lines');
  const provider = new HocuspocusProvider({ websocketProvider, name: room, document });
  provider.on('synced', ({ state }) => state && on.open());
  provider.on('close', ({ event }) => on.closed(event.code));
  provider.attach();
  lines.observe((event, transaction) => {
    if (transaction.local) return;
    for (const { insert = [] } of event.changes.delta) insert.forEach(on.heard);
  });
  return { say: (text) => lines.push([text]), leave: () => websocketProvider.destroy() };
}
