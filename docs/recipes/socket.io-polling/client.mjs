import { io } from 'socket.io-client';

export function join(gateway, room, on) {
  let [failures, connectedAt] = [0, Infinity];
  const socket = io(`http://${gateway}`, {
    auth: { room },
    withCredentials: true, // sends the cookie: in Node, and in browsers if the page is from another origin
    reconnectionDelay: 200, // ms, half of it more or less; 1,000 by default
    reconnectionDelayMax: 10_000, // ms; 5,000 by default
  });
  socket.on('connect', () => {
    connectedAt = performance.now();
    on.open();
  });
  socket.on('heard', on.heard);
  socket.on('disconnect', (reason, details) => {
    on.closed(`${reason}, ${details?.context?.code}`);
    if (performance.now() - connectedAt > 5_000) failures = 0; // it has stood
    connectedAt = Infinity;
    // Its back-off starts over with each connection, however short that was.
    socket.io.reconnectionDelay(Math.min(10_000, 200 * 2 ** failures++));
  });
  return { say: (text) => socket.emit('say', text), leave: () => socket.close() };
}
