import { io } from 'socket.io-client';

export function join(gateway, room, on) {
  const socket = io(`http://${gateway}`, {
    auth: { room },
    withCredentials: true, // sends the cookie: in Node, and in browsers if the page is from another origin
    reconnectionDelay: 200, // ms; 1,000 by default
  });
  socket.on('connect', on.open);
  socket.on('heard', on.heard);
  socket.on('disconnect', (reason, details) => on.closed(`${reason}, ${details?.context?.code}`));
  return { say: (text) => socket.emit('say', text), leave: () => socket.close() };
}
