import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';

/** A few bytes to a quarter of a MiB. */
const SIZES = [0, 7, 125, 126, 1_000, 65_535, 65_536, 262_144];

/**
 * A client that never reconnects. It sends numbered messages of all sizes, text and binary, whole and in fragments,
 * with Pings between, and checks that each comes back once, in order and unchanged.
 */
export class SteadyClient {
  readonly key: string;
  /** The node that named itself last: in its greeting, or in another message `{ "node": … }`. */
  node: string | undefined;
  readonly closes: string[] = [];
  readonly faults: string[] = [];
  echoed = 0;
  /** From now on echoes may be missing; none may come twice, or after a later one. */
  mayLose = false;
  readonly #socket: WebSocket;
  readonly #greeted: boolean;
  readonly #expected: Buffer[] = [];
  #sent = 0;

  /** `greeted`: its node names itself first. */
  constructor(key: string, url: string, { compress = false, greeted = true } = {}) {
    this.key = key;
    this.#greeted = greeted;
    this.#socket = new WebSocket(url, { perMessageDeflate: compress && { threshold: 0 } });
    this.#socket.on('message', (data, isBinary) => this.#take(data as Buffer, isBinary));
    this.#socket.on('error', (error) => this.faults.push(error.message));
    this.#socket.on('close', (code, reason) => this.closes.push(`${code} ${reason}`));
  }

  get open(): boolean {
    return this.#socket.readyState === WebSocket.OPEN && (this.node !== undefined || !this.#greeted);
  }

  get settled(): boolean {
    return this.#expected.length === 0;
  }

  send(): void {
    if (!this.open) return;
    const number = this.#sent++;
    const size = SIZES[number % SIZES.length] as number;
    // A message that names a node begins with a brace; none of ours does.
    const body = Buffer.concat([
      Buffer.from(`#${number} `),
      Buffer.from(randomBytes(size).toString('latin1'), 'latin1'),
    ]);
    const binary = number % 2 === 0;
    const message = binary ? body : Buffer.from(body.toString('base64').replaceAll('=', ''));
    this.#expected.push(message);
    if (number % 5 === 0) {
      const half = message.length >> 1;
      this.#socket.send(message.subarray(0, half), { binary, fin: false });
      this.#socket.ping(String(number));
      this.#socket.send(message.subarray(half), { binary, fin: true });
    } else this.#socket.send(message, { binary });
  }

  stop(): void {
    this.#socket.removeAllListeners('close').terminate();
  }

  #take(data: Buffer, isBinary: boolean): void {
    if (!isBinary && data[0] === 0x7b) {
      this.node = (JSON.parse(String(data)) as { node: string }).node;
      return;
    }
    if (this.mayLose)
      this.#expected.splice(
        0,
        this.#expected.findIndex((message) => message.equals(data)),
      );
    const expected = this.#expected.shift();
    if (expected === undefined || !expected.equals(data))
      this.faults.push(`echo ${this.echoed} is ${expected === undefined ? 'one too many' : 'another message'}`);
    this.echoed++;
  }
}
