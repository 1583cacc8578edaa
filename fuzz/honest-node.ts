import { createServer } from 'node:http';
import { type ListeningNode, listenAsNode } from '@wscluster/gateway/testing/listening-node';
import { wsNode } from '@wscluster/node';
import { type WebSocket, WebSocketServer } from 'ws';

/**
 * A node that answers each message with its id, the number of the client's messages before this one, here and at former
 * nodes, and the message; and a plain request with its body.
 */
export async function startHonestNode(id: string): Promise<ListeningNode> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    // 'close' follows; a request that is broken off has no answer.
    request.on('error', () => {});
    request.on('end', () => response.end(Buffer.concat(chunks)));
  });
  // A node that closes a kept connection just then fails a request, and on a busy machine it is often just then.
  server.keepAliveTimeout = 0;
  const node = wsNode({ server, id, ring: false, readinessPath: false, sendPath: false });
  const webSockets = new WebSocketServer({ server, perMessageDeflate: false });
  const counts = new WeakMap<WebSocket, number>();
  webSockets.on('connection', (socket, request) => {
    counts.set(socket, Number(node.arrivalOf(request)?.state ?? 0));
    socket.on('error', () => {});
    socket.on('message', (data) => {
      const count = counts.get(socket) ?? 0;
      counts.set(socket, count + 1);
      socket.send(`${id} ${count} ${data}`);
    });
  });
  node.handOver(webSockets, { state: (socket) => String(counts.get(socket)) });
  return await listenAsNode(id, server);
}
