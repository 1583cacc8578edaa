import { WebSocket } from 'ws';

/** A client of the `ws` package, and what it saw. */
export interface Client {
  readonly socket: WebSocket;
  /** Texts as they are, binary messages as `n bytes`. */
  readonly messages: string[];
  closed: { code: number; reason: string } | undefined;
}

/** Resolves once it is open. */
export async function connectClient(port: number, key = 'ada'): Promise<Client> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/connect/${key}`, {
    maxPayload: 64 << 20,
    perMessageDeflate: { threshold: 0 },
  });
  const client: Client = { socket, messages: [], closed: undefined };
  socket.on('message', (data, isBinary) =>
    client.messages.push(isBinary ? `${(data as Buffer).length} bytes` : String(data)),
  );
  socket.on('close', (code, reason) => {
    client.closed = { code, reason: String(reason) };
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.on('error', () => {});
  return client;
}
