import ReconnectingWebSocket from 'reconnecting-websocket';
import { WebSocket } from 'ws'; // a browser has its own

export function join(gateway, room, on) {
  const socket = new ReconnectingWebSocket(`ws://${gateway}/rooms/${room}`, [], {
    WebSocket,
    minReconnectionDelay: 100 + Math.random() * 400, // ms; 1,000 to 5,000 by default
  });
  socket.addEventListener('open', on.open);
  socket.addEventListener('message', ({ data }) => on.heard(data));
  socket.addEventListener('close', ({ code }) => on.closed(code));
  return { say: (text) => socket.send(text), leave: () => socket.close() };
}
