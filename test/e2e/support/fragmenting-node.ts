import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

/**
 * A backend that makes relaying hard: it answers each message in fragments with pings between them, and counts what its
 * strict parser objects to. GET /faults tells.
 */
const faults: string[] = [];
let draining = false;
const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });

const server = createServer((req, res) => {
  if (req.url === '/readyz') res.writeHead(draining ? 503 : 200).end(draining ? 'draining' : 'ready');
  else if (req.url === '/faults') res.end(JSON.stringify(faults));
  else res.writeHead(404).end();
});
server.on('upgrade', (req, socket, head) => {
  socket.on('error', () => {});
  webSockets.handleUpgrade(req, socket, head, (client) => {
    client.on('error', (error) => faults.push(String(error)));
    client.send(JSON.stringify({ node: process.env.WSCLUSTER_ID }));
    client.on('message', (data: Buffer) => {
      for (let part = 0; part < 4; part++) {
        const [start, end] = [part, part + 1].map((n) => Math.floor((data.length * n) / 4));
        client.ping(`between ${part}`);
        client.send(data.subarray(start, end), { binary: true, fin: part === 3 });
      }
    });
  });
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  writeFileSync(process.env.WSCLUSTER_PORT_FILE ?? '', `127.0.0.1:${port}`);
});
process.on('SIGTERM', () => {
  draining = true;
  setInterval(() => webSockets.clients.size === 0 && process.exit(0), 100);
});
