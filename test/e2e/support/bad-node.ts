// A backend that is at fault: it swallows every fifth message (`forgetful`), or greets in another node's name
// (`lying`).
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const fault = process.argv[2];
let draining = false;
const webSockets = new WebSocketServer({ noServer: true });
const server = createServer((req, res) => {
  const ready = req.url === '/readyz' && !draining;
  res.writeHead(ready ? 200 : 503).end(draining ? 'draining' : '');
});
server.on('upgrade', (req, socket, head) => {
  socket.on('error', () => {});
  webSockets.handleUpgrade(req, socket, head, (client) => {
    const node = fault === 'lying' ? 'somebody-else' : process.env.WSCLUSTER_ID;
    client.on('error', () => {});
    client.send(JSON.stringify({ type: 'hello', node }));
    client.on('message', (data: Buffer) => {
      if (fault !== 'forgetful' || Number(String(data)) % 5 !== 0) client.send(String(data));
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
