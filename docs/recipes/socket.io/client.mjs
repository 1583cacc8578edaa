import { io } from 'socket.io-client';

export function join(gateway, room, on) {
  const socket = io(`ws://${gateway}`, {
    query: { room },
    transports: ['websocket'],
    reconnectionDelay: 200, // ms; 1,000 by default
  });
  socket.on('connect', on.open);
  socket.on('heard', on.heard);
  socket.on('disconnect', (reason, details) => on.closed(`${reason}, ${details?.context?.code}`));
  return { say: (text) => socket.emit('say', text), leave: () => socket.close() };
}
