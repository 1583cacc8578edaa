import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { http } from './support/http.ts';
import { System } from './support/system.ts';
import { until } from './support/wait.ts';

const backend = fileURLToPath(new URL('./support/fragmenting-node.ts', import.meta.url));
/** Up to 1 MiB, and the lengths around which the length field of a frame changes its form. */
const SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000, 1024 * 1024];

/** Sends messages in fragments with pings between them, one after the other's echo, and reconnects when told to. */
class FragmentingClient {
  readonly closes: number[] = [];
  readonly faults: string[] = [];
  echoes = 0;
  readonly #url: string;
  #socket: WebSocket | undefined;
  #stopped = false;

  constructor(url: string) {
    this.#url = url;
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    this.#socket?.terminate();
  }

  #connect(): void {
    const socket = new WebSocket(this.#url, { perMessageDeflate: false });
    this.#socket = socket;
    let sent: Buffer | undefined;
    let turn = Math.floor(Math.random() * SIZES.length);
    const send = () => {
      sent = randomBytes(SIZES[turn++ % SIZES.length] ?? 0);
      const half = Math.floor(sent.length / 2);
      socket.send(sent.subarray(0, half), { binary: true, fin: false });
      socket.ping('between');
      socket.send(sent.subarray(half), { binary: true, fin: true });
    };
    socket.on('message', (data: Buffer) => {
      if (sent !== undefined) {
        if (!data.equals(sent))
          this.faults.push(`an echo of ${data.length} bytes is not the message of ${sent.length}`);
        this.echoes++;
      }
      if (socket.readyState === WebSocket.OPEN) send();
    });
    // A frame that was cut shows here: the parser is strict.
    socket.on('error', (error) => !this.#stopped && this.faults.push(String(error)));
    socket.on('close', (code) => {
      if (this.#stopped) return;
      this.closes.push(code);
      this.#connect();
    });
  }
}

let system: System;
let clients: FragmentingClient[];
beforeEach(async () => {
  system = await System.start({ nodes: 2, gateways: 1, command: [process.execPath, backend] });
  clients = Array.from({ length: 60 }, (_, n) => new FragmentingClient(system.clientUrls(`frames-${n}`)[0] ?? ''));
});
afterEach(async () => {
  for (const client of clients) client.stop();
  await system.stop();
});

test('fragmented and 1 MiB messages with control frames between, both ways, never see a Close within a frame', async () => {
  const faults: string[] = [];
  const collect = async () => {
    for (const { address } of await system.nodes())
      if (address !== null)
        faults.push(...(JSON.parse((await http('GET', `http://${address}/faults`)).text) as string[]));
  };
  await until('all clients have had an echo', () => clients.every((client) => client.echoes > 0));
  for (let round = 0; round < 4; round++) {
    const closes = clients.flatMap((client) => client.closes).length;
    const id = await system.addNode();
    await system.settled(3);
    await until('clients have moved', () => clients.flatMap((client) => client.closes).length >= closes + 5);
    await collect();
    await system.api('DELETE', `/nodes/${id}?mode=drain`);
    await system.settled(2);
    await collect();
  }
  const closes = clients.flatMap((client) => client.closes);
  expect(closes.length).toBeGreaterThan(60);
  expect(new Set(closes)).toEqual(new Set([1012]));
  expect(clients.flatMap((client) => client.faults)).toEqual([]);
  expect(faults).toEqual([]);
});
