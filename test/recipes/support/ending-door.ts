import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A Close with code 1012, as a server sends it. */
const CLOSE = Buffer.from([0x88, 0x02, 0x03, 0xf4]);

interface Passage {
  readonly client: Socket;
  readonly server: Socket;
  isWebSocket: boolean;
}

/** In front of a server: it lets everything through, until it is told to end what is open. */
export class EndingDoor {
  readonly #listener;
  readonly #passages = new Set<Passage>();

  private constructor(serverPort: number) {
    this.#listener = createServer((client) => this.#pass(client, connect(serverPort, '127.0.0.1')));
  }

  static async before(serverPort: number): Promise<EndingDoor> {
    const door = new EndingDoor(serverPort);
    door.#listener.listen(0, '127.0.0.1');
    await once(door.#listener, 'listening');
    return door;
  }

  /** `host:port` */
  get address(): string {
    return `127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  /** Ends all connections: WebSockets with a Close 1012, others without a word. */
  end(): void {
    for (const { client, server, isWebSocket } of this.#passages) {
      server.destroy();
      if (isWebSocket) client.end(CLOSE);
      else client.destroy();
    }
    this.#passages.clear();
  }

  async close(): Promise<void> {
    this.end();
    this.#listener.close();
    await once(this.#listener, 'close');
  }

  #pass(client: Socket, server: Socket): void {
    const passage = { client, server, isWebSocket: false };
    this.#passages.add(passage);
    for (const socket of [client, server]) socket.on('error', () => {});
    client.on('data', (chunk) => server.write(chunk));
    client.on('close', () => {
      server.destroy();
      this.#passages.delete(passage);
    });
    server.on('data', (chunk) => {
      passage.isWebSocket ||= chunk.subarray(0, 12).toString('latin1') === 'HTTP/1.1 101';
      client.write(chunk);
    });
    server.on('close', () => {
      if (this.#passages.has(passage)) client.end();
    });
  }
}
