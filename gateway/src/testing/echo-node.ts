import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { type ListeningNode, listenAsNode } from './listening-node.ts';

/** What a node saw of one client. */
export interface Visit {
  readonly request: IncomingMessage;
  readonly socket: WebSocket;
  readonly messages: string[];
  /** Close code, once it is closed; 1006 if there was no Close frame. */
  closeCode: number | undefined;
}

export interface EchoNode extends ListeningNode {
  readonly server: Server;
  readonly visits: Visit[];
}

/**
 * A node that echoes every message, and answers plain requests with its id and the request. `compress`: it compresses,
 * as many servers do.
 */
export async function startEchoNode(id: string, { port = 0, compress = false } = {}): Promise<EchoNode> {
  const visits: Visit[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    // 'close' follows; a request that is broken off has no answer.
    req.on('error', () => {});
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      res.setHeader('content-type', 'application/json');
      res.end(JSON.stringify({ node: id, method: req.method, url: req.url, headers: req.headers, body }));
    });
  });
  const perMessageDeflate = compress && { threshold: 0 };
  new WebSocketServer({ server, maxPayload: 64 << 20, perMessageDeflate }).on('connection', (socket, request) => {
    const visit: Visit = { request, socket, messages: [], closeCode: undefined };
    visits.push(visit);
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => {
      visit.messages.push(isBinary ? `${(data as Buffer).length} bytes` : String(data));
      socket.send(data, { binary: isBinary });
    });
    socket.on('close', (code) => {
      visit.closeCode = code;
    });
  });
  return { ...(await listenAsNode(id, server, port)), server, visits };
}
