// A chat: what is said in a room is heard by all others in it.
import { createServer } from 'node:http';
import sockjs from 'sockjs';

const rooms = new Map(); // room -> its members
const chat = sockjs.createServer({ log: () => {} });

chat.on('connection', (member) => {
  const [, , room] = member.pathname.split('/'); // /chat/{room}/{session}/{transport}
  const members = rooms.get(room) ?? new Set();
  rooms.set(room, members.add(member));
  member.on('data', (text) => {
    for (const other of members) if (other !== member) other.write(text);
  });
  member.on('close', () => members.delete(member));
});

const server = createServer();
chat.installHandlers(server, { prefix: '/chat' });
server.listen(Number(process.env.PORT));
