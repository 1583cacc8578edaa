/**
 * The processes of the echo benchmark, one role each: `node` echoes, `gateway` and `peer` stand between, `load` talks.
 * They speak over the IPC channel of their parent, see gateway-echo.ts.
 */
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createRing, SLOTS, settingsDigest } from '@wscluster/ring';
import { createProxyServer } from 'http-proxy-3';
import { WebSocketServer } from 'ws';
import { HandshakeRate } from '../gateway/src/admission/handshake-rate.ts';
import { HeldBytes } from '../gateway/src/admission/held-bytes.ts';
import { RequestRoom } from '../gateway/src/admission/request-room.ts';
import { createDataPlane } from '../gateway/src/data-plane.ts';
import { LateAnswers } from '../gateway/src/http/late-answers.ts';
import { createOwnerClient } from '../gateway/src/http/owner-client.ts';
import { DEFAULT_LIMITS } from '../gateway/src/limits.ts';
import { LostNodes } from '../gateway/src/move/lost-nodes.ts';
import { Tracker } from '../gateway/src/move/tracker.ts';
import type { ClientConnection } from '../gateway/src/relay/client-connection.ts';
import { SlotLoad } from '../gateway/src/relay/slot-load.ts';
import { CurrentTable } from '../gateway/src/table/current-table.ts';
import { CONNECTIONS, MESSAGE_BYTES, type RoleAnswer, type RoleRequest } from './gateway-echo-messages.ts';

const say = (answer: RoleAnswer) => process.send?.(answer);

function announce(server: import('node:net').Server): void {
  server.listen(0, '127.0.0.1', () => say({ port: (server.address() as AddressInfo).port }));
}

function answerCpu(): void {
  process.on('message', (request: RoleRequest) => {
    if (request.ask !== 'cpu') return;
    const { user, system } = process.cpuUsage();
    say({ cpuMicros: user + system });
  });
}

function runNode(): void {
  const server = createServer();
  new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (ws) => {
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  });
  announce(server);
}

function runGateway(nodePort: number): void {
  const current = new CurrentTable();
  const member = { ringId: 0, nodeId: 'node', address: `127.0.0.1:${nodePort}`, weight: 1, state: 'ready' as const };
  const settings = { routes: [{ path: '/connect/{userId}', key: { param: 'userId' } }] };
  current.apply(createRing({ epoch: 1, version: 1 }, [member], new Uint16Array(SLOTS)), {
    settings,
    settingsDigest: settingsDigest(settings),
  });
  const context = {
    current,
    handshakes: new HandshakeRate(),
    held: new HeldBytes(),
    lateAnswers: new LateAnswers(),
    tracker: new Tracker<ClientConnection>(),
    lostNodes: new LostNodes({ lostMs: () => 1_000, maxPerSecond: () => 0 }),
    limits: DEFAULT_LIMITS,
    traffic: { toNode: 0, toClient: 0, bySlot: new SlotLoad() },
    owners: createOwnerClient(() => DEFAULT_LIMITS),
    room: new RequestRoom(),
    release: () => undefined,
    refresh: () => {},
    onMigrating: () => () => {},
    onMigration: () => {},
    reconsider: () => {},
    onUpgrade: () => {},
    onAnswer: () => {},
    onRefusal: () => {},
    onAcceptFailed: () => {},
    onBug: () => {},
  };
  announce(createDataPlane(context).server);
  answerCpu();
}

function runPeer(nodePort: number): void {
  const proxy = createProxyServer({ target: `http://127.0.0.1:${nodePort}`, ws: true, xfwd: true });
  proxy.on('error', () => {});
  const server = createServer();
  server.on('upgrade', (req, socket, head) => proxy.ws(req, socket, head));
  announce(server);
  answerCpu();
}

/** One connection of the load: sends its next message when the echo of the last one is there, while it is going. */
class Talker {
  messages = 0;
  going = false;
  #received = 0;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.length;
      for (; this.#received >= ECHO.length; this.#received -= ECHO.length) {
        this.messages++;
        if (this.going) socket.write(MESSAGE);
      }
    });
  }

  start(): void {
    this.messages = 0;
    this.going = true;
    this.#socket.write(MESSAGE);
  }
}

const MESSAGE = Buffer.concat([Buffer.from([0x82, 0x80 | MESSAGE_BYTES, 1, 2, 3, 4]), Buffer.alloc(MESSAGE_BYTES, 97)]);
const ECHO = Buffer.alloc(2 + MESSAGE_BYTES);

/** By port: connections stay open from one run to the next, so that no handshake is measured. */
const talkers = new Map<number, Talker[]>();

async function runLoad(port: number, ms: number): Promise<RoleAnswer> {
  let own = talkers.get(port);
  if (own === undefined) {
    const sockets = Array.from({ length: CONNECTIONS }, (_, i) => open(port, `/connect/user-${i}`));
    own = (await Promise.all(sockets)).map((socket) => new Talker(socket));
    talkers.set(port, own);
  }
  for (const talker of own) talker.start();
  await delay(ms);
  for (const talker of own) talker.going = false;
  // The last echoes are under way.
  await delay(20);
  return { messages: own.reduce((sum, { messages }) => sum + messages, 0) };
}

function open(port: number, path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('error', reject);
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    let head = '';
    const onData = (chunk: Buffer) => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', onData);
      if (head.startsWith('HTTP/1.1 101')) resolve(socket);
      else reject(new Error(head));
    };
    socket.on('data', onData);
  });
}

const [role, nodePort] = process.argv.slice(2);
if (role === 'node') runNode();
else if (role === 'gateway') runGateway(Number(nodePort));
else if (role === 'peer') runPeer(Number(nodePort));
else if (role === 'load') {
  say({ port: 0 });
  process.on('message', (request: RoleRequest) => {
    if (request.ask !== 'run') return;
    runLoad(request.port, request.ms).then(say, (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    });
  });
}
