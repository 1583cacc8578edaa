import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider';
import { Doc } from 'yjs';

export function join(gateway, room, on) {
  // The name of a document is in the messages, where no gateway looks. So it goes into the URL too.
  const websocketProvider = new HocuspocusProviderWebsocket({
    url: `ws://${gateway}/${room}`,
    delay: 200, // ms; 1,000 by default
    minDelay: 0, // ms; 1,000 by default
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
