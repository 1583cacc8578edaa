import { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type ListeningNode, listenAsNode } from './listening-node.ts';

/** What a node does with a connection that comes from another one. */
export type Reception = 'accepts' | 'refuses' | 'disagrees' | 'hangs' | 'dies' | 'dies behind its 101';

/** What the nodes of a test have seen, in order. */
export type Seen =
  | {
      /** A connection is a node's own from here on. */
      readonly kind: 'begun';
      readonly session: number;
      readonly node: string;
      /** What it came with; undefined if its state was lost. */
      readonly count: number | undefined;
      /** The node has chosen what the client has agreed on with the first one. */
      readonly agreed: boolean;
    }
  | { readonly kind: 'message'; readonly session: number; readonly answer: string; readonly text: string };

export interface HandingOverNode extends ListeningNode {
  reception: Reception;
  /** It lets go of connections only once it is calm. */
  clings: boolean;
  /** All its connections break. */
  breakOff(): void;
  /** From now on it accepts all, and lets go. What hangs breaks. */
  calm(): void;
}

/**
 * A node that understands migrations: it answers each message with its number on this connection, and hands that number
 * over. So a client sees whether the connection went on, wherever it went. Answers come a moment later, as from work
 * that takes time; what is under way is finished before a connection is released. It does what a test tells it to do
 * wrong.
 *
 * `seen`: what it sees goes there. `onFault`: it has done this wrong.
 */
export async function startHandingOverNode(
  id: string,
  seen: Seen[],
  onFault: (what: Exclude<Reception, 'accepts'>) => void,
): Promise<HandingOverNode> {
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true, autoPong: false });
  const hanging = new Set<Duplex>();
  const letGo: (() => void)[] = [];

  sockets.on('headers', (headers, request) => {
    if (request.headers['x-wscluster-migrate'] === 'offered') headers.push('X-WsCluster-Migrate: accepted');
    if (comesFrom(request) === undefined || node.reception !== 'disagrees') return;
    headers.push('Sec-WebSocket-Protocol: other');
    onFault('disagrees');
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    const reception = comesFrom(request) === undefined ? 'accepts' : node.reception;
    if (reception === 'refuses') socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
    else if (reception === 'dies') socket.destroy();
    else if (reception === 'hangs') {
      hanging.add(socket);
      socket.on('end', () => socket.destroy()).resume();
    } else {
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        serve(webSocket, request, { node: id, seen, release, agreed: reception !== 'disagrees' });
        if (reception === 'dies behind its 101') webSocket.terminate();
      });
    }
    if (reception !== 'accepts' && reception !== 'disagrees') onFault(reception);
  });

  function release(go: () => void): void {
    if (node.clings) letGo.push(go);
    else go();
  }

  const listening = await listenAsNode(id, server);
  const node: HandingOverNode = {
    ...listening,
    reception: 'accepts',
    clings: false,
    breakOff: () => {
      for (const socket of listening.openSockets) socket.resetAndDestroy();
    },
    calm: () => {
      node.reception = 'accepts';
      node.clings = false;
      for (const socket of hanging) socket.destroy();
      for (const go of letGo.splice(0)) go();
    },
  };
  return node;
}

function comesFrom(request: IncomingMessage): string | undefined {
  return request.headers['x-wscluster-migrated-from']?.toString();
}

let sessions = 0;

interface Serving {
  readonly node: string;
  readonly seen: Seen[];
  readonly agreed: boolean;
  release(go: () => void): void;
}

function serve(socket: WebSocket, request: IncomingMessage, { node, seen, agreed, release }: Serving): void {
  const token = request.headers['x-wscluster-token'];
  const lost = request.headers['x-wscluster-state'] === 'lost';
  const session = sessions++;
  let count = 0;
  let underWay = 0;
  let begun = false;
  let stateComes = false;
  let released: (() => void) | undefined;
  const begin = () => {
    begun = true;
    seen.push({ kind: 'begun', session, node, count: lost ? undefined : count, agreed });
  };
  if (comesFrom(request) === undefined) begin();
  socket.on('error', () => {});
  socket.on('ping', (data) => {
    if (String(data) === `wscluster:state ${token}`) stateComes = true;
    else if (String(data) === `wscluster:begin ${token}`) begin();
    else if (String(data) === `wscluster:release ${token}`) {
      release(() => {
        released = () => {
          socket.pong(`wscluster:state ${token}`);
          socket.send(Buffer.from(String(count)));
          socket.close(1000);
        };
        if (underWay === 0) released();
      });
    } else socket.pong(data);
  });
  socket.on('message', (data) => {
    const text = String(data);
    if (!begun) {
      if (stateComes) count = Number(text);
      else socket.close(1002, 'a message before the beginning');
      return;
    }
    const answer = `${++count}: ${text}`;
    seen.push({ kind: 'message', session, answer, text });
    underWay++;
    setImmediate(() => {
      socket.send(answer);
      if (--underWay === 0) released?.();
    });
  });
}
