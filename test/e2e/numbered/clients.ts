// Clients of the package ws: node clients.ts EVERY_MS URL...; see programs.ts.
import { createInterface } from 'node:readline';
import { type RawData, WebSocket } from 'ws';
import { faultOf, messageOf } from './messages.ts';
import { say } from './say.ts';

const [everyMs = '', ...urls] = process.argv.slice(2);
/** Messages without an answer at most. */
const AHEAD = 20;
/** One client in so many compresses: all of a process share a few threads, and messages would wait for seconds. */
const COMPRESSED = 7;
const counts = { open: 0, sent: 0, received: 0 };
const faults: string[] = [];

class Client {
  readonly #socket: WebSocket;
  #next: number;
  #expected: number;

  constructor(url: string, index: number) {
    this.#next = this.#expected = Number(new URL(url).searchParams.get('first'));
    this.#socket = new WebSocket(url, { perMessageDeflate: index % COMPRESSED === 0 && { threshold: 0 } });
    this.#socket.on('open', () => counts.open++);
    this.#socket.on('message', (data: RawData, binary: boolean) => this.#take(data as Buffer, binary));
    this.#socket.on('error', (error) => faults.push(`${url}: ${error.message}`));
    this.#socket.on('close', (code, reason) => faults.push(`${url}: closed with ${code} ${reason}`));
  }

  send(): void {
    if (this.#socket.readyState !== WebSocket.OPEN || this.#next - this.#expected >= AHEAD) return;
    say(this.#socket, messageOf('c', this.#next++));
    counts.sent++;
  }

  #take(data: Buffer, binary: boolean): void {
    const fault = faultOf('n', this.#expected++, data, binary);
    if (fault !== undefined) faults.push(`${this.#socket.url}: ${fault}`);
    counts.received++;
  }
}

const clients = urls.map((url, index) => new Client(url, index));
const before = performance.now();
let turns = 0;
const talk = setInterval(() => {
  // As many as are due by now, since a timer may be late; but no flood after a long time.
  const due = ((performance.now() - before) / Number(everyMs)) * clients.length;
  turns = Math.max(turns, Math.floor(due - clients.length / 10));
  for (; turns < due; turns++) clients[turns % clients.length]?.send();
}, 10);
setInterval(() => process.stdout.write(`${JSON.stringify({ ...counts, faults: faults.splice(0) })}\n`), 200);
createInterface({ input: process.stdin })
  .on('line', () => clearInterval(talk))
  .on('close', () => process.exit());
