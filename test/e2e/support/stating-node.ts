import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

/**
 * A backend that says at /readyz what the file CAPACITIES has for its id, and nothing while it has none. It accepts
 * WebSockets and says nothing in them.
 */
const { WSCLUSTER_ID = '', CAPACITIES = '', PORT } = process.env;
const webSockets = new WebSocketServer({ noServer: true });
const server = createServer((request, response) => {
  if (request.url !== '/readyz') return response.writeHead(404).end();
  const capacity = (JSON.parse(readFileSync(CAPACITIES, 'utf8')) as Record<string, unknown>)[WSCLUSTER_ID];
  return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ capacity }));
});
server.on('upgrade', (request, socket, head) => webSockets.handleUpgrade(request, socket, head, () => {}));
server.listen(Number(PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
