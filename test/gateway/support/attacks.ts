import { connect, type Socket } from 'node:net';
import { COSTLY_SETTINGS, costlyHeads, textOf } from '@wscluster/gateway/testing/costly-heads';
import { SETTINGS } from '@wscluster/gateway/testing/rings';
import { type ClusterSettings, slotOf } from '@wscluster/ring';

/** What the attacks need to cost as much as they can. */
export const ATTACKED_SETTINGS: ClusterSettings = {
  ...COSTLY_SETTINGS,
  routes: [...COSTLY_SETTINGS.routes, ...SETTINGS.routes],
};

/** The keys of all attacks; give them a node of their own, so that the gateway alone is attacked. */
export const ATTACKED_SLOTS: ReadonlySet<number> = new Set(['a', '1'].map(slotOf));

export interface Attack {
  /** Requests that it has sent. */
  readonly requests: number;
  stop(): void;
}

export interface Strength {
  /** At a time. */
  readonly connections: number;
  /** New requests, or new connections where each connection has one request; default: as fast as they are taken. */
  readonly perSecond?: number;
}

export type AttackName = keyof typeof ATTACKS;

/** By what a gateway is attacked. */
export const ATTACKS = {
  'costly heads': costlyRequests,
  'pipelined GETs that nobody reads': pipelinedUnread,
  'bodies that stop arriving': silentBodies,
} satisfies Record<string, (port: number, strength: Strength) => Attack>;

const HEADS = costlyHeads({ headerBytes: 13_000, headerLines: 100, pathBytes: 4_096 });
const COSTLIEST = ['cookies', '100 subprotocols', '100 tokens in Connection'].map((what) => {
  const head = HEADS[what];
  if (head === undefined) throw new Error(`there is no head of ${what}`);
  return Buffer.from(textOf(head), 'latin1');
});

/** Each connection sends a head when its last one is answered and, with a rate, it is due. */
function costlyRequests(port: number, { connections, perSecond }: Strength): Attack {
  const attacker = new Attacker(port);
  const free: Socket[] = [];
  const send = (socket: Socket) => socket.write(COSTLIEST[attacker.requests++ % COSTLIEST.length] as Buffer);
  const next = (socket: Socket) => {
    if (perSecond === undefined) send(socket);
    else free.push(socket);
  };
  for (let i = 0; i < connections; i++) {
    const socket = attacker.connect();
    next(socket);
    // The answers of an echo node end with the end of an object.
    socket.on('data', (chunk: Buffer) => chunk.at(-1) === 0x7d && next(socket));
  }
  if (perSecond !== undefined)
    attacker.repeat(perSecond, () => {
      const socket = free.shift();
      if (socket !== undefined) send(socket);
    });
  return attacker;
}

/** Each connection is filled until nothing is taken for a second, and then opened anew. */
function pipelinedUnread(port: number, { connections }: Strength): Attack {
  const attacker = new Attacker(port);
  const some = Buffer.from('GET /send?k=a HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100));
  const begin = () => {
    const socket = attacker.connect().pause();
    const fill = () => {
      do attacker.requests += 100;
      while (socket.write(some));
    };
    fill();
    socket.on('drain', fill);
    socket.setTimeout(1_000, () => socket.resetAndDestroy());
    socket.on('close', () => attacker.going && begin());
  };
  for (let i = 0; i < connections; i++) begin();
  return attacker;
}

/** Each connection sends a part of a body and no more, until the gateway ends it. */
function silentBodies(port: number, { connections, perSecond = 100 }: Strength): Attack {
  const attacker = new Attacker(port);
  attacker.repeat(perSecond, () => {
    if (attacker.connections >= connections) return;
    // Of these two the gateway holds one, and streams the other one to the node.
    const length = 65_536 + (attacker.requests++ % 2);
    attacker
      .connect()
      .write(`POST /send?k=a HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n${'x'.repeat(1_000)}`);
  });
  return attacker;
}

class Attacker implements Attack {
  requests = 0;
  going = true;
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(port: number) {
    this.#port = port;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  connect(): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
    return socket;
  }

  repeat(perSecond: number, act: () => void): void {
    const start = performance.now();
    let done = 0;
    const catchUp = () => {
      for (const due = ((performance.now() - start) * perSecond) / 1_000; done < due; done++) act();
    };
    this.#timers.push(setInterval(catchUp, 1));
  }

  stop(): void {
    this.going = false;
    for (const timer of this.#timers) clearInterval(timer);
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }
}
