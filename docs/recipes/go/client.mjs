import ReconnectingWebSocket from 'reconnecting-websocket';
import { WebSocket } from 'ws'; // a browser has its own

export function join(gateway, room, on) {
  const socket = new ReconnectingWebSocket(`ws://${gateway}/rooms/${room}`, [], {
    WebSocket,
    minReconnectionDelay: 100 + Math.random() * 200, // ms; 1,000 to 5,000 by default
    reconnectionDelayGrowFactor: 1.5 + Math.random(), // 1.3 by default
    minUptime: 5_000, // ms that a connection must stand for the delay to start over; this is the default
  });
  socket.addEventListener('open', on.open);
  socket.addEventListener('message', ({ data }) => on.heard(data));
  socket.addEventListener('close', ({ code }) => on.closed(code));
  return { say: (text) => socket.send(text), leave: () => socket.close() };
}
