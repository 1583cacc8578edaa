import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP address of the engine's Unix socket, and what an unreliable network does to its connections. */
export interface DockerRelay {
  /** `tcp://127.0.0.1:port`. */
  readonly host: string;
  /** Requests that came through, as `GET /containers/json`. */
  readonly requests: string[];
  /** Cuts each connection after so many bytes of its answer; undefined: never. */
  cutAfter: number | undefined;
  /** Destroys all connections that are open. */
  cut(): void;
  close(): Promise<void>;
}

export async function dockerRelay(engineHost: string): Promise<DockerRelay> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(engineHost.replace('unix://', ''));
    let answered = 0;
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => {
      const line = /^(GET|POST|DELETE) ([^? ]*)/.exec(chunk.toString('latin1'));
      if (line !== null) relay.requests.push(`${line[1]} ${line[2]}`);
      upstream.write(chunk);
    });
    upstream.on('data', (chunk: Buffer) => {
      const room = (relay.cutAfter ?? Number.POSITIVE_INFINITY) - answered;
      answered += chunk.length;
      if (chunk.length <= room) client.write(chunk);
      else client.end(chunk.subarray(0, Math.max(0, room)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const relay: DockerRelay = {
    host: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    cutAfter: undefined,
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      relay.cut();
      await closed;
    },
  };
  return relay;
}
