import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { type ListeningNode, listenAsNode } from '@wscluster/gateway/testing/listening-node';
import { type WebSocket, WebSocketServer } from 'ws';

/**
 * A node that does what the key asks for: `refused-...` gets a 403 instead of an upgrade, `misdirected-...` a 421,
 * `node-reset-...` a reset at its first message; all others an echo.
 */
export async function startSoakNode(id: string): Promise<ListeningNode> {
  const server = createServer();
  const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: false });
  server.on('upgrade', (req, socket: Socket, head) => {
    socket.on('error', () => {});
    const refusal = req.url?.includes('/refused-')
      ? '403 Forbidden'
      : req.url?.includes('/misdirected-') && '421 Misdirected Request';
    if (refusal) {
      socket.resume().end(`HTTP/1.1 ${refusal}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      return;
    }
    const resets = req.url?.includes('/node-reset-') === true;
    webSockets.handleUpgrade(req, socket, head, (webSocket: WebSocket) => {
      webSocket.on('error', () => {});
      webSocket.on('message', (data, isBinary) => {
        if (resets) socket.resetAndDestroy();
        else webSocket.send(data, { binary: isBinary });
      });
    });
  });
  return await listenAsNode(id, server);
}
