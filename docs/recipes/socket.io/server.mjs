// A chat: what is said in a room is heard by all others in it.
import { Server } from 'socket.io';

const io = new Server(Number(process.env.PORT));

io.on('connection', (socket) => {
  const { room } = socket.handshake.query;
  socket.join(room);
  socket.on('say', (text) => socket.to(room).emit('heard', text));
});
