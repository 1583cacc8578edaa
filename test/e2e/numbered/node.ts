// A node that checks the numbers of each client's messages, and answers each with the next of its own; the numbers go
// on wherever the connection goes. The client is told of a fault, and does not expect that.
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { wsNode } from '@wscluster/node';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { faultOf, messageOf } from './messages.ts';
import { say } from './say.ts';

/** Some answers take a moment, so that work is under way when a connection is to leave. */
const WORK_MS = 15;

class Conversation {
  /** Of the next message in each direction. */
  #number: number;
  readonly #socket: WebSocket;
  #work = Promise.resolve();

  constructor(socket: WebSocket, number: number) {
    this.#number = number;
    this.#socket = socket;
    socket.on('message', (data: RawData, binary: boolean) => {
      this.#work = this.#work.then(() => this.#answer(data as Buffer, binary));
    });
  }

  /** Once all is answered. */
  async state(): Promise<string> {
    await this.#work;
    return String(this.#number);
  }

  async #answer(data: Buffer, binary: boolean): Promise<void> {
    const number = this.#number++;
    if (number % 7 === 0) await delay(WORK_MS);
    const fault = faultOf('c', number, data, binary);
    if (fault !== undefined) this.#socket.send(`the node expected another one: ${fault}`);
    say(this.#socket, messageOf('n', number));
  }
}

const server = createServer((_request, response) => response.end('a page'));
const node = wsNode({ server });
const webSockets = new WebSocketServer({ server, perMessageDeflate: { threshold: 0 } });
const conversations = new WeakMap<WebSocket, Conversation>();

webSockets.on('connection', (socket, request) => {
  node.add(request, socket);
  socket.on('error', () => socket.terminate());
  const first = new URL(request.url ?? '', 'http://node').searchParams.get('first');
  conversations.set(socket, new Conversation(socket, Number(node.arrivalOf(request)?.state ?? first)));
});
node.handOver(webSockets, { state: (socket) => conversations.get(socket)?.state() ?? Promise.resolve('') });
process.once('SIGTERM', () => void node.drain());
server.listen(Number(process.env.PORT), '127.0.0.1');
