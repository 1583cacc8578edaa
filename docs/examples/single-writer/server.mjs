// Numbers what is said in a room: each number once and in order, even while two nodes believe that they own it.
import { createServer } from 'node:http';
import { compareRevisions, wsNode } from '@wscluster/node';
import { Redis } from 'ioredis';
import { WebSocketServer } from 'ws';

const redis = new Redis(process.env.REDIS_URL);
const server = createServer();
const node = wsNode({ server });
const webSockets = new WebSocketServer({ server });

/** Ends a script with the answer 0 if a newer revision than ARGV[1].ARGV[2] has the room, else notes this one. */
const FENCE = `
  local epoch, version = tonumber(ARGV[1]), tonumber(ARGV[2])
  local held = redis.call('HMGET', KEYS[1], 'epoch', 'version', 'last')
  local heldEpoch, heldVersion = tonumber(held[1] or 0), tonumber(held[2] or 0)
  if heldEpoch > epoch or heldEpoch == epoch and heldVersion > version then return false end
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'version', version)`;
// From here on no node with an older revision can write. The answer is the last number.
redis.defineCommand('claim', { numberOfKeys: 1, lua: `${FENCE} return tonumber(held[3] or 0)` });
redis.defineCommand('add', {
  numberOfKeys: 2,
  lua: `${FENCE} redis.call('HSET', KEYS[1], 'last', ARGV[3])
    return redis.call('RPUSH', KEYS[2], ARGV[3] .. ': ' .. ARGV[4])`,
});

/** A room of this node. What it holds in memory is right as long as nobody else writes. */
class Room {
  #key;
  #last = 0;
  #revision = { epoch: 0, version: 0 };
  #sockets = new Set();
  /** One step after the other. */
  work = Promise.resolve();

  constructor(key) {
    this.#key = key;
  }

  /** By a gateway that routed by this revision. */
  enter(socket, revision) {
    this.#sockets.add(socket);
    this.#then(() => this.#claim(revision));
    socket.on('message', (data) => this.#then(() => this.#say(String(data))));
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0 && rooms.get(this.#key) === this) rooms.delete(this.#key);
    });
  }

  #then(step) {
    this.work = this.work.then(step).catch((error) => this.#lose(error));
  }

  async #claim(revision) {
    if (compareRevisions(revision, this.#revision) <= 0) return;
    this.#revision = revision;
    this.#last = this.#owned(await redis.claim(`room:${this.#key}`, revision.epoch, revision.version));
  }

  async #say(text) {
    const { epoch, version } = this.#revision;
    const number = this.#last + 1;
    this.#owned(await redis.add(`room:${this.#key}`, `said:${this.#key}`, epoch, version, number, text));
    this.#last = number;
    for (const socket of this.#sockets) socket.send(`${number}: ${text}`);
  }

  /** Redis answers null to whom it refuses. */
  #owned(answer) {
    if (answer === null) throw new Error('another node owns the room');
    return answer;
  }

  /** Nothing that is in memory counts any more: the clients go to the owner, by a gateway. */
  #lose(error) {
    console.error(`${this.#key}: ${error.message}`);
    rooms.delete(this.#key);
    for (const socket of this.#sockets) socket.close(1012, 'another node owns the room');
  }
}

const rooms = new Map();

webSockets.on('connection', (socket, request) => {
  socket.on('error', () => socket.terminate());
  const [key, revision] = [node.keyOf(request), node.revisionOf(request)];
  if (key === undefined || revision === undefined) {
    socket.close(1008, 'come through a gateway');
    return;
  }
  node.add(request, socket);
  if (!rooms.has(key)) rooms.set(key, new Room(key));
  rooms.get(key).enter(socket, revision);
});

// All state is in Redis: what a client has said is to be written before it leaves.
node.handOver(webSockets, { state: (_socket, request) => rooms.get(node.keyOf(request))?.work });
process.once('SIGTERM', async () => {
  await node.drain();
  redis.disconnect(); // or the process would not end
});
server.listen(process.env.PORT);
