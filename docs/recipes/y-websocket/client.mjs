import { WebSocket } from 'ws'; // a browser has its own
import { WebsocketProvider } from 'y-websocket';
import { Doc } from 'yjs';

export function join(gateway, room, on) {
  const doc = new Doc();
  const lines = doc.getArray('lines');
  const provider = new WebsocketProvider(`ws://${gateway}`, room, doc, {
    WebSocketPolyfill: WebSocket,
    disableBc: true, // so that two tabs of one browser meet in the server too
  });
  provider.on('sync', (synced) => synced && on.open());
  provider.on('connection-close', (event) => on.closed(event?.code));
  lines.observe((event, transaction) => {
    if (transaction.local) return;
    for (const { insert = [] } of event.changes.delta) insert.forEach(on.heard);
  });
  return { say: (text) => lines.push([text]), leave: () => provider.destroy() };
}
