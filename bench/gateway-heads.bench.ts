import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { DEFAULT_GATEWAY_LIMITS } from '@wscluster/ring';
import { WebSocketServer } from 'ws';
import { COSTLY_SETTINGS, costlyHeads, type Head, textOf } from '../gateway/src/testing/costly-heads.ts';
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

const { maxHeaderBytes, maxHeaderLines, maxPathBytes } = DEFAULT_GATEWAY_LIMITS;
const LARGEST = { headerBytes: maxHeaderBytes, headerLines: maxHeaderLines, pathBytes: maxPathBytes };
/** As much as the parser reads. */
const TOO_LARGE = { headerBytes: 65_000, headerLines: 1_000, pathBytes: 60_000 };

interface Kind {
  readonly name: string;
  /** Lines of every head. */
  readonly more: Head['lines'];
  readonly heads: readonly [what: string, head: Head][];
  send(port: number, text: string): Sender;
}

/** Each kind of request is sent by itself, the next one when it is answered. */
const KINDS: readonly Kind[] = [
  { name: 'a plain request', more: [], heads: Object.entries(costlyHeads(LARGEST)), send: keptConnection },
  {
    name: 'an upgrade',
    more: UPGRADE,
    heads: Object.entries(costlyHeads({ ...LARGEST, headerLines: 96 })),
    send: newConnections,
  },
  {
    name: 'a head of 64 KiB, which is refused',
    more: [['Connection', 'close']],
    heads: Object.entries(costlyHeads(TOO_LARGE)),
    send: newConnections,
  },
];

interface Sender {
  once(): Promise<void>;
  end(): void;
}

/**
 * Processor time of the gateway's process for a request, all in all: the parser, the connection to the node, the answer.
 * The worst of the heads that gateway/src/testing/costly-heads.ts makes.
 */
export async function run({ quick }: BenchOptions): Promise<BenchResult[]> {
  const rounds = quick ? 1 : ROUNDS;
  // Its own limits are larger than the gateway's.
  const node = createServer({ maxHeaderSize: 1 << 18 }, (_req, res) => res.end('ok')).listen(0, '127.0.0.1');
  new WebSocketServer({ server: node, handleProtocols: () => false });
  await once(node, 'listening');
  const ring = ringOf(revision(1), [{ id: 'node', port: (node.address() as AddressInfo).port }]);
  const gateway = await GatewayProcess.start(ringMessage(ring, releaseUpTo(ring.revision), COSTLY_SETTINGS));
  try {
    const cost = async (sender: Sender) => {
      const before = await gateway.census({ collect: false });
      for (let left = REQUESTS; left > 0; left--) await sender.once();
      const after = await gateway.census({ collect: false });
      return (after.cpuMs - before.cpuMs) / REQUESTS;
    };
    const results: BenchResult[] = [];
    for (const { name, more, heads, send } of KINDS) {
      const all = [['nothing', PLAIN] as const, ...heads].map(([what, { url, lines }]) => {
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
      const [worst, second, third] = costly.sort((a, b) => b.ms - a.ms);
      const say = (one: typeof worst) => `${one?.what} ${one?.ms.toFixed(2)}`;
      results.push(
        atMost(
          `gateway: the worst head, as ${name}`,
          worst?.ms ?? Number.NaN,
          LIMIT_MS,
          'ms',
          `CPU of the whole request; full of ${say(worst)}, ${say(second)}, ${say(third)}; of ${say(plain)}; ${costly.length} heads, ${REQUESTS} requests each, medians of ${rounds} rounds`,
        ),
      );
    }
    return results;
  } finally {
    await gateway.kill();
    node.closeAllConnections();
    node.close();
  }
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
      // Behind a 101 there is nothing, and there are two kinds of body: the node's, and the gateway's refusals.
      if (/\r\n\r\n(ok|\{.*\}\n)$/s.test(answer) || answer.startsWith('HTTP/1.1 101')) done();
    };
    socket.on('data', onData).on('close', done);
    socket.write(text, 'latin1');
  });
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
