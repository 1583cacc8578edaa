import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { promisify } from 'node:util';

/** An address behind which one server can be replaced by another. */
export interface Relay {
  readonly address: string;
  /** Ends the connections to the server so far; the next ones lead to `target`. */
  leadTo(target: string): void;
  /** Open connections of clients. */
  connections(): Promise<number>;
  close(): Promise<void>;
}

export async function relayTo(first: string): Promise<Relay> {
  let target = first;
  const open = new Set<Socket>();
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  const server = createServer((near) => {
    const colon = target.lastIndexOf(':');
    const far = connect({ host: target.slice(0, colon), port: Number(target.slice(colon + 1)) });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
    near.pipe(far).pipe(near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadTo(next) {
      target = next;
      cut();
    },
    connections: promisify(server.getConnections.bind(server)),
    async close() {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
}
