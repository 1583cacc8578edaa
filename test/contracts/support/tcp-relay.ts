import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

/** A TCP address in front of a real server, to disturb those who connect by it and nobody else. */
export interface TcpRelay {
  readonly port: number;
  /** Destroys all connections through it, on both sides. Returns how many there were. */
  break(): number;
  /** From now on nothing passes, in either direction, and new connections are accepted but lead nowhere. */
  cutOff(): void;
  /** New connections lead to the server again; those that were cut off stay so. */
  mend(): void;
  close(): Promise<void>;
}

/** `listenHost`: the address of this host where it listens, default loopback. */
export async function openTcpRelay(target: string, listenHost = '127.0.0.1'): Promise<TcpRelay> {
  const [host = '', port = ''] = target.split(':');
  const pairs = new Map<Socket, Socket | undefined>();
  let isCutOff = false;

  const server = createServer((near) => {
    near.on('error', () => near.destroy());
    if (isCutOff) {
      pairs.set(near, undefined);
      near.on('close', () => pairs.delete(near));
      return;
    }
    const far = createConnection({ host, port: Number(port), noDelay: true });
    near.setNoDelay(true);
    pairs.set(near, far);
    far.on('error', () => far.destroy());
    near.pipe(far).pipe(near);
    near.on('close', () => {
      far.destroy();
      pairs.delete(near);
    });
    far.on('close', () => near.destroy());
  });
  server.listen(0, listenHost);
  await once(server, 'listening');

  function breakAll(): number {
    const count = pairs.size;
    for (const [near, far] of pairs) {
      near.destroy();
      far?.destroy();
    }
    return count;
  }
  return {
    port: (server.address() as AddressInfo).port,
    break: breakAll,
    cutOff() {
      isCutOff = true;
      for (const [near, far] of pairs) {
        near.unpipe();
        far?.unpipe();
      }
    },
    mend() {
      isCutOff = false;
    },
    async close() {
      breakAll();
      server.close();
      await once(server, 'close');
    },
  };
}
