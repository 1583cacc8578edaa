import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach } from 'vitest';

export interface SocketPair {
  readonly dialled: Socket;
  readonly accepted: Socket;
}

const HOST = '127.0.0.1';

/** Both ends of TCP connections, for each test of a file: they are destroyed after it. */
export function useSocketPairs(): (dial?: (port: number) => Socket) => Promise<SocketPair> {
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  return async (dial = (port) => connect({ port, host: HOST, allowHalfOpen: true })) => {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, HOST);
    await once(server, 'listening');
    const [dialled, [accepted]] = await Promise.all([
      open(dial((server.address() as AddressInfo).port)),
      once(server, 'connection') as Promise<[Socket]>,
    ]);
    server.close();
    sockets.push(dialled, accepted);
    return { dialled, accepted };
  };
}

async function open(socket: Socket): Promise<Socket> {
  if (socket.connecting) await once(socket, 'connect');
  return socket;
}
