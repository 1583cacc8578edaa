import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { DEFAULT_GATEWAY_LIMITS, type GatewayLimits, gatewayLimitsSchema, MAX_HEADER_LINES } from '@wscluster/ring';
import { WebSocketServer } from 'ws';
import { COSTLY_SETTINGS, costlyHeads, type Head, type HeadSize, textOf } from '../gateway/src/testing/costly-heads.ts';
import { WEBSOCKET_KEY } from '../gateway/src/testing/raw-socket.ts';
import { releaseUpTo, revision, ringMessage, ringOf } from '../gateway/src/testing/rings.ts';
import { GatewayProcess } from '../test/gateway/support/gateway-process.ts';
import { atMost, type BenchOptions, type BenchResult, median } from './result.ts';

/** Processor time that any head may cost. */
const LIMIT_MS = 2;
const ROUNDS = 5;
const REQUESTS = 100;
const PLAIN: Head = { url: '/send?k=a', lines: [] };
const UPGRADE = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', WEBSOCKET_KEY],
] as const;

/** The largest limits that a cluster can set. */
const HIGHEST: GatewayLimits = gatewayLimitsSchema.parse({
  maxHeaderBytes: gatewayLimitsSchema.shape.maxHeaderBytes.unwrap().maxValue,
  maxHeaderLines: gatewayLimitsSchema.shape.maxHeaderLines.unwrap().maxValue,
  maxPathBytes: gatewayLimitsSchema.shape.maxPathBytes.unwrap().maxValue,
});
/** As much as the parser reads. */
const TOO_LARGE = { headerBytes: 65_000, headerLines: MAX_HEADER_LINES, pathBytes: 60_000 };

interface Kind {
  readonly name: string;
  /** Whatever the limits of the cluster are. */
  readonly refused?: true;
  /** Lines of every head. */
  readonly more: Head['lines'];
  /** `limits`: of the cluster. */
  heads(limits: GatewayLimits): readonly [what: string, head: Head][];
  send(port: number, text: string): Sender;
}

/** Each kind of request is sent by itself, the next one when it is answered. */
const KINDS: readonly Kind[] = [
  {
    name: 'a plain request',
    more: [],
    heads: (limits) => Object.entries(costlyHeads(sizeOf(limits))),
    send: keptConnection,
  },
  {
    name: 'an upgrade',
    more: UPGRADE,
    heads: (limits) =>
      Object.entries(costlyHeads({ ...sizeOf(limits), headerLines: limits.maxHeaderLines - UPGRADE.length })),
    send: newConnections,
  },
  {
    name: 'a head of 64 KiB, which is refused',
    refused: true,
    more: [['Connection', 'close']],
    heads: () => Object.entries(costlyHeads(TOO_LARGE)),
    send: newConnections,
  },
];

interface Sender {
  once(): Promise<void>;
  end(): void;
}

/**
 * Processor time of the gateway's process for a request, all in all: the parser, the connection to the node, the
 * answer. The worst of the heads that gateway/src/testing/costly-heads.ts makes.
 */
export async function run({ quick }: BenchOptions): Promise<BenchResult[]> {
  const rounds = quick ? 1 : ROUNDS;
  // Its own limits are larger than the gateway's.
  const node = createServer({ maxHeaderSize: 1 << 18 }, (_req, res) => res.end('ok'));
  node.maxHeadersCount = 2 * MAX_HEADER_LINES;
  node.listen(0, '127.0.0.1');
  new WebSocketServer({ server: node, handleProtocols: () => false });
  await once(node, 'listening');
  const address = { id: 'node', port: (node.address() as AddressInfo).port };
  try {
    const byDefault = await worstHeads(address, DEFAULT_GATEWAY_LIMITS, KINDS, rounds);
    const atMaximum = await worstHeads(
      address,
      HIGHEST,
      KINDS.filter(({ refused }) => refused !== true),
      rounds,
    );
    const detail = ({ costly: [worst, second, third], plain, count }: Costs) =>
      `CPU of the whole request; full of ${say(worst)}, ${say(second)}, ${say(third)}; of ${say(plain)}; ` +
      `${count} heads, ${REQUESTS} requests each, medians of ${rounds} rounds`;
    return [
      ...byDefault.map((costs) =>
        atMost(`gateway: the worst head, as ${costs.name}`, worstOf(costs), LIMIT_MS, 'ms', detail(costs)),
      ),
      ...atMaximum.map((costs, kind) => {
        const times = worstOf(costs) / worstOf(byDefault[kind]);
        const name = `gateway: the worst head by the largest limits, as ${costs.name}`;
        return atMost(name, worstOf(costs), LIMIT_MS, 'ms', `${times.toFixed(2)} times the above; ${detail(costs)}`);
      }),
    ];
  } finally {
    node.closeAllConnections();
    node.close();
  }
}

interface Cost {
  readonly what: string;
  readonly ms: number;
}

/** What the heads of a kind have cost. */
interface Costs {
  readonly name: string;
  readonly plain: Cost | undefined;
  /** The worst first. */
  readonly costly: readonly Cost[];
  readonly count: number;
}

const say = (cost: Cost | undefined) => `${cost?.what} ${cost?.ms.toFixed(2)}`;
const worstOf = (costs: Costs | undefined) => costs?.costly[0]?.ms ?? Number.NaN;

/** Of a gateway of a cluster with these limits. */
async function worstHeads(
  node: { readonly id: string; readonly port: number },
  limits: GatewayLimits,
  kinds: readonly Kind[],
  rounds: number,
): Promise<Costs[]> {
  const ring = ringOf(revision(1), [node]);
  const settings = { ...COSTLY_SETTINGS, limits };
  const gateway = await GatewayProcess.start(ringMessage(ring, releaseUpTo(ring.revision), settings));
  try {
    const cost = async (sender: Sender) => {
      const before = await gateway.census({ collect: false });
      for (let left = REQUESTS; left > 0; left--) await sender.once();
      const after = await gateway.census({ collect: false });
      return (after.cpuMs - before.cpuMs) / REQUESTS;
    };
    const measured: Costs[] = [];
    for (const { name, more, heads, send } of kinds) {
      const all = [['nothing', PLAIN] as const, ...heads(limits)].map(([what, { url, lines }]) => {
        const text = textOf({ url, lines: [...more, ...lines] });
        return { what, text, times: [] as number[] };
      });
      // The first round warms up.
      for (let round = 0; round <= rounds; round++)
        for (const { text, times } of all) {
          const sender = send(gateway.port, text);
          const ms = await cost(sender);
          if (round > 0) times.push(ms);
          sender.end();
        }
      const [plain, ...costly] = all.map(({ what, times }) => ({ what, ms: median(times) }));
      measured.push({ name, plain, costly: costly.sort((a, b) => b.ms - a.ms), count: costly.length });
    }
    return measured;
  } finally {
    await gateway.kill();
  }
}

function sizeOf({ maxHeaderBytes, maxHeaderLines, maxPathBytes }: GatewayLimits): HeadSize {
  return { headerBytes: maxHeaderBytes, headerLines: maxHeaderLines, pathBytes: maxPathBytes };
}

/** Sends the text; resolves with the answer, or what there is of it when the connection is closed. */
function answerTo(socket: Socket, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const done = () => {
      socket.off('data', onData).off('close', done);
      resolve(answer);
    };
    const onData = (chunk: Buffer) => {
      answer += chunk.toString('latin1');
      if (isWhole(answer)) done();
    };
    socket.on('data', onData).on('close', done);
    socket.write(text, 'latin1');
  });
}

/** As the gateway and the node of this benchmark answer. */
function isWhole(answer: string): boolean {
  const [head = '', body] = answer.split('\r\n\r\n', 2);
  if (body === undefined) return false;
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  return length === undefined ? head.startsWith('HTTP/1.1 101') : body.length === Number(length);
}

function keptConnection(port: number, text: string): Sender {
  let socket = open(port);
  return {
    once: async () => {
      const answer = await answerTo(socket, text);
      if (/^connection: close/im.test(answer) || socket.closed) {
        socket.destroy();
        socket = open(port);
      }
    },
    end: () => socket.destroy(),
  };
}

function newConnections(port: number, text: string): Sender {
  return {
    once: async () => {
      const socket = open(port);
      await answerTo(socket, text);
      socket.resetAndDestroy();
    },
    end: () => {},
  };
}

function open(port: number): Socket {
  return connect({ port, host: '127.0.0.1', noDelay: true }).on('error', () => {});
}
