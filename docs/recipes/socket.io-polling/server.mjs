// A chat: what is said in a room is heard by all others in it, on whichever node they are.
import { createAdapter } from '@socket.io/redis-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';

const publisher = createClient({ url: process.env.REDIS_URL });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);

const io = new Server(Number(process.env.PORT), { adapter: createAdapter(publisher, subscriber) });

io.on('connection', (socket) => {
  const { room } = socket.handshake.auth;
  socket.join(room);
  socket.on('say', (text) => socket.to(room).emit('heard', text));
});
