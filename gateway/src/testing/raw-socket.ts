import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { acceptOf } from '../relay/answer-head.ts';
import type { TestNode } from './rings.ts';

/** A Sec-WebSocket-Key for all tests. */
export const WEBSOCKET_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** One end of a TCP connection that keeps everything it receives. */
export interface RawSocket {
  readonly socket: Socket;
  readonly received: Buffer;
  readonly text: string;
  /** The peer sent its FIN. */
  readonly ended: boolean;
  readonly closed: boolean;
}

export function watchSocket(socket: Socket): RawSocket {
  let received: Buffer = Buffer.alloc(0);
  let ended = false;
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
  });
  socket.on('end', () => {
    ended = true;
  });
  return {
    socket,
    get received() {
      return received;
    },
    get text() {
      return received.toString('latin1');
    },
    get ended() {
      return ended;
    },
    get closed() {
      return socket.closed;
    },
  };
}

/** A client that sends an upgrade, with any bytes right behind it, and then does nothing by itself. */
export function rawUpgrade(
  port: number,
  path: string,
  headers: readonly string[] = [],
  behind: Buffer = Buffer.alloc(0),
): RawSocket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const head = [
    `GET ${path} HTTP/1.1`,
    'Host: chat.example',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${WEBSOCKET_KEY}`,
    ...headers,
  ];
  socket.write(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), behind]));
  return watchSocket(socket);
}

export interface RawNode extends TestNode {
  readonly server: Server;
  /** Connections in order of arrival. */
  readonly sockets: RawSocket[];
  stop(): Promise<void>;
}

/** A node that only does what a test tells it to. `onHead` gets each connection once a request's head has arrived. */
export async function startRawNode(id: string, onHead: (peer: RawSocket) => void = () => {}): Promise<RawNode> {
  const sockets: RawSocket[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const peer = watchSocket(socket);
    sockets.push(peer);
    let seen = false;
    socket.on('data', () => {
      if (seen || !peer.text.includes('\r\n\r\n')) return;
      seen = true;
      onHead(peer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    id,
    port: (server.address() as AddressInfo).port,
    server,
    sockets,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const { socket } of sockets) socket.destroy();
      }),
  };
}

/** The 101 for an upgrade with the given key. */
export function switching(key = WEBSOCKET_KEY, headers: readonly string[] = []): string {
  const lines = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${acceptOf(key)}`, ...headers];
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`;
}

/** Accepts the upgrade on a raw node's connection, with any bytes right behind the answer. */
export function accept(
  { socket, text }: RawSocket,
  behind: Buffer = Buffer.alloc(0),
  headers: readonly string[] = [],
): void {
  const key = /sec-websocket-key: (.+)\r\n/i.exec(text)?.[1] ?? '';
  socket.write(Buffer.concat([Buffer.from(switching(key, headers)), behind]));
}

/** A frame with a short payload. */
export function frame(opcode: number, payload: string, { fin = true, masked = false } = {}): Buffer {
  const body = Buffer.from(payload);
  const head = [(fin ? 0x80 : 0) | opcode, (masked ? 0x80 : 0) | body.length];
  // A mask of zeros leaves the payload readable.
  return Buffer.concat([Buffer.from(masked ? [...head, 0, 0, 0, 0] : head), body]);
}

/** Sends a request as it is written here. */
export function rawRequest(port: number, lines: readonly string[]): RawSocket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return watchSocket(socket);
}
