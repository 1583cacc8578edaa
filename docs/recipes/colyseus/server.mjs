// A chat: what is said in a room is heard by all others in it.
import { matchMaker, Room, Server } from '@colyseus/core';
import { RedisDriver } from '@colyseus/redis-driver';
import { RedisPresence } from '@colyseus/redis-presence';
import { WebSocketTransport } from '@colyseus/ws-transport';

class Chat extends Room {
  onCreate() {
    this.onMessage('say', (member, text) => this.broadcast('heard', text, { except: member }));
  }
}

const server = new Server({
  transport: new WebSocketTransport(),
  presence: new RedisPresence(process.env.REDIS_URL),
  driver: new RedisDriver(process.env.REDIS_URL),
  publicAddress: process.env.WSCLUSTER_ID, // tells clients which node has their room
  selectProcessIdToCreateRoom: () => matchMaker.processId, // a draining node gets no requests for new rooms
  greet: false,
});
server.define('chat', Chat).filterBy(['topic']);
await server.listen(Number(process.env.PORT));
