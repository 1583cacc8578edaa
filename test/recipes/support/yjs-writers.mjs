// node yjs-writers.mjs GATEWAYS ROOMS, both as JSON: in each room one client of y-websocket at each gateway. All
// write into one text at once, until a line comes on stdin. Then it waits until the texts of each room are equal, and
// says so; every end of a connection is said at once. A JSON object a line.
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import { Doc } from 'yjs';

const [gateways, rooms] = process.argv.slice(2).map((text) => JSON.parse(text));
const WRITE_MS = 100;
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const writers = rooms.flatMap((room) =>
  gateways.map((gateway) => {
    const doc = new Doc();
    const provider = new WebsocketProvider(`ws://${gateway}`, room, doc, {
      WebSocketPolyfill: WebSocket,
      disableBc: true,
      // So that they never ask for what they lack, but once.
      resyncInterval: -1,
    });
    provider.on('connection-close', (event) => say({ closed: `${room}: ${event?.code}` }));
    return { room, provider, text: doc.getText('text') };
  }),
);

while (!writers.every(({ provider }) => provider.synced)) await delay(20);
say({ connected: writers.length });
let count = 0;
const write = setInterval(() => {
  for (const { text } of writers) {
    const at = Math.floor(Math.random() * (text.length + 1));
    // A text that shrinks at times, too.
    if (count++ % 5 === 4) text.delete(0, Math.min(3, text.length));
    else text.insert(at, `${count} `);
  }
}, WRITE_MS);

const lines = createInterface({ input: process.stdin });
lines.on('close', () => process.exit());
await new Promise((resolve) => lines.once('line', resolve));
clearInterval(write);
const textsOf = (room) => new Set(writers.filter((writer) => writer.room === room).map(({ text }) => String(text)));
while (!rooms.every((room) => textsOf(room).size === 1)) await delay(20);
say({ equal: rooms.map((room) => [...textsOf(room)][0].length) });
