import { WebSocket } from 'ws'; // a browser has its own
import { WebsocketProvider } from 'y-websocket';
import { Doc } from 'yjs';

export function join(gateway, room, on) {
  let [failures, openedAt] = [0, Infinity];
  const doc = new Doc();
  const lines = doc.getArray('lines');
  const provider = new WebsocketProvider(`ws://${gateway}`, room, doc, {
    WebSocketPolyfill: WebSocket,
    disableBc: true, // so that two tabs of one browser meet in the server too
    maxBackoffTime: 5_000 + Math.random() * 5_000, // ms; 2,500 by default
  });
  provider.on('sync', (synced) => {
    if (!synced) return;
    openedAt = performance.now();
    on.open();
  });
  provider.on('connection-close', (event) => {
    on.closed(event?.code);
    if (performance.now() - openedAt > 5_000) failures = 0; // it has stood
    openedAt = Infinity;
    // It adds 1 and waits 100 ms * 2 ** this, without jitter. By itself it starts over at each sync.
    provider.wsUnsuccessfulReconnects = failures++ - Math.random();
  });
  lines.observe((event, transaction) => {
    if (transaction.local) return;
    for (const { insert = [] } of event.changes.delta) insert.forEach(on.heard);
  });
  return { say: (text) => lines.push([text]), leave: () => provider.destroy() };
}
