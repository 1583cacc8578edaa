import { eventually } from '@wscluster/gateway/testing/eventually';
import { frame, type RawSocket, rawUpgrade } from '@wscluster/gateway/testing/raw-socket';

export interface Talk {
  readonly perSecond: number;
  readonly seconds: number;
}

/** Clients that do what they should: each sends numbered messages over a WebSocket, and gets them back in order. */
export class Crowd {
  /** What they did not get, in words. */
  readonly faults: string[] = [];
  readonly #clients: Talker[] = [];

  /** `keyOf`: the key of each. */
  static async connect(port: number, count: number, keyOf = (i: number) => `honest-${i}`): Promise<Crowd> {
    const crowd = new Crowd();
    // A few at a time, since a crowd that comes at once is an attack of its own.
    for (let i = 0; i < count; i += 50) {
      const some = Array.from({ length: Math.min(50, count - i) }, (_, j) =>
        rawUpgrade(port, `/connect/${keyOf(i + j)}`),
      );
      await eventually('the clients are connected', () => some.every(({ text }) => text.endsWith('\r\n\r\n')), 30_000);
      crowd.#clients.push(...some.map((client, j) => new Talker(i + j, client, crowd.faults)));
    }
    return crowd;
  }

  /** Messages that have not come back yet. */
  get awaited(): number {
    return this.#clients.reduce((sum, { awaited }) => sum + awaited, 0);
  }

  /**
   * They send so many messages a second in all, in turn, whatever comes back. Resolves when the last one is sent, with
   * the round trips that have ended meanwhile, ms.
   */
  talk({ perSecond, seconds }: Talk): Promise<number[]> {
    const start = performance.now();
    const total = perSecond * seconds;
    let sent = 0;
    for (const client of this.#clients) client.times.length = 0;
    return new Promise((resolve) => {
      const timer = setInterval(() => {
        const due = Math.min(total, ((performance.now() - start) / 1_000) * perSecond);
        for (; sent < due; sent++) this.#clients[sent % this.#clients.length]?.send();
        if (sent < total) return;
        clearInterval(timer);
        resolve(this.#clients.flatMap(({ times }) => times));
      }, 1);
    });
  }

  /** They leave. */
  end(): void {
    for (const client of this.#clients) client.end();
  }
}

class Talker {
  readonly times: number[] = [];
  readonly #name: number;
  readonly #socket: RawSocket['socket'];
  readonly #sentAt: number[] = [];
  #sent = 0;
  #heard = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #left = false;

  constructor(name: number, { socket }: RawSocket, faults: string[]) {
    this.#name = name;
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
      this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
      for (;;) {
        const expected = frame(1, this.#text(this.#heard));
        if (this.#bytes.length < expected.length) return;
        if (!this.#bytes.subarray(0, expected.length).equals(expected)) {
          faults.push(`client ${name} got something else than message ${this.#heard}`);
          socket.destroy();
          return;
        }
        this.#bytes = this.#bytes.subarray(expected.length);
        this.times.push(performance.now() - (this.#sentAt.shift() ?? 0));
        this.#heard++;
      }
    });
    socket.on('close', () => this.#left || faults.push(`client ${name} lost its connection`));
  }

  get awaited(): number {
    return this.#sent - this.#heard;
  }

  send(): void {
    this.#sentAt.push(performance.now());
    this.#socket.write(frame(1, this.#text(this.#sent++), { masked: true }));
  }

  end(): void {
    this.#left = true;
    this.#socket.destroy();
  }

  #text(at: number): string {
    return `${this.#name}: ${at}`;
  }
}
