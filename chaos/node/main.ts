// The backend of chaos: it answers the numbers that clients send, and says what it knows of the connection; see
// ../talk.ts.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { wsNode } from '@wscluster/node';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import type { Answer, Visit } from '../talk.ts';

/** Some answers take a moment, so that work is under way when a connection is to leave. */
const WORK_EVERY = 7;
const WORK_MS = 15;

class Conversation {
  readonly #socket: WebSocket;
  readonly #visit: Visit;
  #count: number;
  #work = Promise.resolve();

  constructor(socket: WebSocket, visit: Visit, count: number) {
    this.#socket = socket;
    this.#visit = visit;
    this.#count = count;
    // The connection may be taken on before there is anything to answer, and the next node does not know of the loss.
    if (visit.came === 'lost') socket.send(JSON.stringify(visit));
  }

  /** `workMs`: 0 answers at once. */
  hear(number: number, workMs: number): void {
    if (workMs === 0) this.#answer(number);
    else
      this.#work = this.#work.then(async () => {
        if (number % WORK_EVERY === 0) await delay(workMs);
        this.#answer(number);
      });
  }

  /** Once all is answered. */
  async state(): Promise<string> {
    await this.#work;
    return String(this.#count);
  }

  #answer(number: number): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify({ ...this.#visit, number, count: this.#count++ } satisfies Answer));
  }
}

const server = createServer((_request, response) => response.end());
const node = wsNode({ server, hello: true });
const handing = new WebSocketServer({ noServer: true });
/** Knows nothing of migrations. */
const plain = new WebSocketServer({ noServer: true });
const conversations = new WeakMap<WebSocket, Conversation>();

function welcome(request: IncomingMessage, socket: WebSocket, workMs: number): void {
  const arrival = node.arrivalOf(request);
  const came = arrival === undefined ? 'new' : arrival.lost ? 'lost' : 'moved';
  const visit = { node: node.id, visit: randomUUID(), came } as const;
  const conversation = new Conversation(socket, visit, Number(arrival?.state ?? 0));
  conversations.set(socket, conversation);
  socket.on('error', () => socket.terminate());
  socket.on('message', (data: RawData) => conversation.hear(Number(data), workMs));
  node.add(request, socket);
}

node.handOver(handing, { state: (socket) => conversations.get(socket)?.state() ?? Promise.resolve('') });
server.on('upgrade', (request, socket, head) => {
  socket.on('error', () => {});
  const isPlain = request.url?.includes('plain') === true;
  const webSockets = isPlain ? plain : handing;
  webSockets.handleUpgrade(request, socket, head, (webSocket) => welcome(request, webSocket, isPlain ? 0 : WORK_MS));
});
process.once('SIGTERM', () => void node.drain());
server.listen(Number(process.env.PORT), '127.0.0.1');
