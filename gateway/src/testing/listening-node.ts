import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { TestNode } from './rings.ts';

export interface ListeningNode extends TestNode {
  /** TCP connections that are open. */
  readonly openSockets: ReadonlySet<Socket>;
  stop(): Promise<void>;
}

/** Lets a server listen as a node. Port 0: any free one. */
export async function listenAsNode(id: string, server: Server, port = 0): Promise<ListeningNode> {
  const openSockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    openSockets.add(socket);
    socket.once('close', () => openSockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
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
