import { expect } from 'vitest';
import { WebSocket } from 'ws';
import type { System } from './system.ts';
import { until } from './wait.ts';

const CLIENTS = 30;

/** A client that never reconnects, of a backend that answers each message with `<number> on <node>: <message>`. */
class CountedClient {
  readonly key: string;
  readonly faults: string[] = [];
  node: string | undefined;
  answered = 0;
  sent = 0;
  readonly #socket: WebSocket;

  constructor(key: string, url: string) {
    this.key = key;
    this.#socket = new WebSocket(url);
    this.#socket.on('message', (data) => this.#take(String(data)));
    this.#socket.on('pong', (data) => this.faults.push(`a Pong ${data}`));
    this.#socket.on('error', (error) => this.faults.push(error.message));
    this.#socket.on('close', (code, reason) => this.faults.push(`closed with ${code} ${reason}`));
  }

  send(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(`message ${++this.sent}`);
  }

  stop(): void {
    this.#socket.removeAllListeners('close').terminate();
  }

  #take(text: string): void {
    this.answered++;
    const [, number, node, message] = /^(\d+) on (\S+): (.*)$/.exec(text) ?? [];
    this.node = node;
    if (Number(number) !== this.answered || message !== `message ${this.answered}`)
      this.faults.push(`answer ${this.answered} is ${text}`);
  }
}

/**
 * Shows that connections take their state with them, in a system of two such nodes with `rebalance.mode: migrate`:
 * every count goes on while a node is added and drained, and nobody is disconnected.
 */
export async function expectCountsToGoOn(system: System): Promise<void> {
  const clients = Array.from({ length: CLIENTS }, (_, index) => {
    const url = system.gatewayUrl(index % system.gateways.length, `/chat/user-${index}`);
    return new CountedClient(`user-${index}`, url.replace('http', 'ws'));
  });
  let turn = 0;
  const talk = setInterval(() => clients[turn++ % CLIENTS]?.send(), 5);
  const nodesOf = () => clients.map(({ node }) => node);
  const atTheirOwners = async (nodes: number) => {
    await system.settled(nodes);
    const owners = await system.owners();
    await until('each is answered by its owner', () => clients.every(({ key, node }) => node === owners(key)));
    return nodesOf();
  };
  try {
    await atTheirOwners(2);
    const id = await system.addNode();
    const before = await atTheirOwners(3);
    expect(before).toContain(id);
    expect((await system.api('DELETE', `/nodes/${id}`)).status).toBe(202);
    const after = await atTheirOwners(2);
    // Only the clients of the node that left have moved.
    expect(after.filter((_, client) => before[client] !== id)).toEqual(before.filter((node) => node !== id));
    clearInterval(talk);
    await until('all are answered', () => clients.every(({ sent, answered }) => sent === answered));
    expect(clients.flatMap(({ key, faults }) => faults.map((fault) => `${key}: ${fault}`))).toEqual([]);
  } finally {
    clearInterval(talk);
    for (const client of clients) client.stop();
  }
}
