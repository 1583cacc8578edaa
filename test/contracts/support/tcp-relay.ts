import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

/** A TCP address in front of a real server, to disturb those who connect by it and nobody else. */
export interface TcpRelay {
  readonly port: number;
  /** Destroys all connections through it, on both sides. Returns how many there were. */
  break(): number;
  /** Ends all connections through it as a server that goes: WebSockets with a Close 1012, others without a word. */
  end(): void;
  /** From now on nothing passes, in either direction, and new connections are accepted but lead nowhere. */
  cutOff(): void;
  /** New connections lead to the server again; those that were cut off stay so. */
  mend(): void;
  /** Also destroys the connections that are ending. */
  close(): Promise<void>;
}

/** A Close with code 1012, as a server sends it. */
const CLOSE = Buffer.from([0x88, 0x02, 0x03, 0xf4]);

interface Passage {
  /** Undefined if it leads nowhere. */
  readonly far: Socket | undefined;
  isWebSocket: boolean;
}

/** `listenHost`: the address of this host where it listens, default loopback. */
export async function openTcpRelay(target: string, listenHost = '127.0.0.1'): Promise<TcpRelay> {
  const [host = '', port = ''] = target.split(':');
  const passages = new Map<Socket, Passage>();
  /** Of clients that were told that the server goes, and have yet to end. */
  const ending = new Set<Socket>();
  let isCutOff = false;

  const server = createServer((near) => {
    near.on('error', () => near.destroy());
    if (isCutOff) {
      passages.set(near, { far: undefined, isWebSocket: false });
      near.on('close', () => passages.delete(near));
      return;
    }
    const far = createConnection({ host, port: Number(port), noDelay: true });
    near.setNoDelay(true);
    const passage: Passage = { far, isWebSocket: false };
    passages.set(near, passage);
    far.on('error', () => far.destroy());
    far.once('data', (chunk: Buffer) => {
      passage.isWebSocket = chunk.toString('latin1', 0, 12) === 'HTTP/1.1 101';
    });
    near.pipe(far).pipe(near);
    near.on('close', () => {
      far.destroy();
      passages.delete(near);
    });
    // What the server said last still goes out.
    far.on('close', () => passages.has(near) && near.destroySoon());
  });
  server.listen(0, listenHost);
  await once(server, 'listening');

  function breakAll(): number {
    const count = passages.size;
    for (const [near, { far }] of passages) {
      near.destroy();
      far?.destroy();
    }
    return count;
  }
  return {
    port: (server.address() as AddressInfo).port,
    break: breakAll,
    end() {
      for (const [near, { far, isWebSocket }] of passages) {
        passages.delete(near);
        far?.unpipe();
        far?.destroy();
        if (!isWebSocket) near.destroy();
        else {
          ending.add(near);
          near.on('close', () => ending.delete(near));
          // The client's own Close is read, so that its end is.
          near.unpipe().resume().end(CLOSE);
        }
      }
    },
    cutOff() {
      isCutOff = true;
      for (const [near, { far }] of passages) {
        near.unpipe();
        far?.unpipe();
      }
    },
    mend() {
      isCutOff = false;
    },
    async close() {
      breakAll();
      for (const near of ending) near.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
