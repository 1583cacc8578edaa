import { createServer, type IncomingMessage } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { type ListeningNode, listenAsNode } from './listening-node.ts';

/**
 * A node that understands migrations: it answers each message with its number on this connection, and hands that number
 * over. So a client sees whether the connection went on, wherever it went. Answers come a moment later, as from work that
 * takes time; what is under way is finished before a connection is released.
 */
export async function startHandingOverNode(id: string): Promise<ListeningNode> {
  const server = createServer();
  const sockets = new WebSocketServer({ server, autoPong: false });
  sockets.on('headers', (headers, request) => {
    if (request.headers['x-wscluster-migrate'] === 'offered') headers.push('X-WsCluster-Migrate: accepted');
  });
  sockets.on('connection', (socket, request) => serve(socket, request));
  return await listenAsNode(id, server);
}

function serve(socket: WebSocket, request: IncomingMessage): void {
  const token = request.headers['x-wscluster-token'];
  let count = 0;
  let underWay = 0;
  let begun = request.headers['x-wscluster-migrated-from'] === undefined;
  let stateComes = false;
  let release: (() => void) | undefined;
  socket.on('error', () => {});
  socket.on('ping', (data) => {
    if (String(data) === `wscluster:state ${token}`) stateComes = true;
    else if (String(data) === `wscluster:begin ${token}`) begun = true;
    else if (String(data) === `wscluster:release ${token}`) {
      release = () => {
        socket.pong(`wscluster:state ${token}`);
        socket.send(Buffer.from(String(count)));
        socket.close(1000);
      };
      if (underWay === 0) release();
    } else socket.pong(data);
  });
  socket.on('message', (data) => {
    if (!begun) {
      if (stateComes) count = Number(String(data));
      else socket.close(1002, 'a message before the beginning');
      return;
    }
    const answer = `${++count}: ${String(data)}`;
    underWay++;
    setImmediate(() => {
      socket.send(answer);
      if (--underWay === 0) release?.();
    });
  });
}
