import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { TestNode } from '@wscluster/gateway/testing/rings';
import { type WebSocket, WebSocketServer } from 'ws';

export interface SoakNode extends TestNode {
  /** TCP connections that are open. */
  readonly openSockets: ReadonlySet<Socket>;
  stop(): Promise<void>;
}

/**
 * A node that does what the key asks for: `refused-...` gets a 403 instead of an upgrade, `misdirected-...` a 421, `node-reset-...` a reset at its
 * first message; all others an echo.
 */
export async function startSoakNode(id: string): Promise<SoakNode> {
  const openSockets = new Set<Socket>();
  const server = createServer();
  const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: false });
  server.on('connection', (socket: Socket) => {
    openSockets.add(socket);
    socket.once('close', () => openSockets.delete(socket));
  });
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
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    id,
    port: (server.address() as AddressInfo).port,
    openSockets,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of openSockets) socket.destroy();
      }),
  };
}
