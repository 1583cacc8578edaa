/**
 * The processes of the memory benchmark, one role each: `node` echoes, `gateway` and `peer` stand between, `load` holds
 * connections open. They speak over the IPC channel of their parent, see gateway-memory.bench.ts.
 */
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createProxyServer } from 'http-proxy-3';
import { WebSocketServer } from 'ws';
import { startTestGateway } from '../gateway/src/testing/gateway-under-test.ts';
import { revision, ringMessage, ringOf } from '../gateway/src/testing/rings.ts';
import type { RoleAnswer, RoleRequest } from './gateway-memory-messages.ts';

const say = (answer: RoleAnswer) => process.send?.(answer);

function announce(server: import('node:net').Server): void {
  server.listen(0, '127.0.0.1', () => say({ port: (server.address() as AddressInfo).port }));
}

/** Resident memory once all that is garbage is gone; a second collection takes what finalizers let go. */
async function rssBytes(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error('the process needs --expose-gc');
  for (let time = 0; time < 4; time++) {
    globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    await nextTurn();
  }
  return process.memoryUsage.rss();
}

function answerRss(): void {
  process.on('message', (request: RoleRequest) => {
    if (request.ask === 'rss') void rssBytes().then((bytes) => say({ rssBytes: bytes }));
  });
}

function runNode(): void {
  const server = createServer();
  new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (ws) => {
    ws.on('error', () => {});
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  });
  announce(server);
}

/** The whole gateway, with all that it keeps of a connection. */
async function runGateway(nodePort: number): Promise<void> {
  const ring = ringOf(revision(1), [{ id: 'node', port: nodePort }]);
  const { gateway } = await startTestGateway(ringMessage(ring));
  answerRss();
  say({ port: gateway.port });
}

function runPeer(nodePort: number): void {
  const proxy = createProxyServer({ target: `http://127.0.0.1:${nodePort}`, ws: true, xfwd: true });
  proxy.on('error', () => {});
  const server = createServer();
  server.on('upgrade', (req, socket, head) => proxy.ws(req, socket, head));
  answerRss();
  announce(server);
}

/** An upgrade as a browser sends it: a proxy that keeps the request keeps its headers too. */
const HEAD = [
  'Host: chat.example.com',
  'Connection: Upgrade',
  'Pragma: no-cache',
  'Cache-Control: no-cache',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'Upgrade: websocket',
  'Origin: https://chat.example.com',
  'Sec-WebSocket-Version: 13',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9',
  'Cookie: session=0123456789abcdef0123456789abcdef; theme=dark',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
].join('\r\n');

const PAYLOAD_BYTES = 64;
const MESSAGE = Buffer.concat([Buffer.from([0x82, 0x80 | PAYLOAD_BYTES, 1, 2, 3, 4]), Buffer.alloc(PAYLOAD_BYTES, 97)]);
const ECHO_BYTES = 2 + PAYLOAD_BYTES;
/** Handshakes at a time: below what an accept queue holds. */
const AT_ONCE = 100;

/** Opens a connection, and resolves once a message has come back over it. */
function open(port: number, path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('a connection was closed')));
    socket.write(`GET ${path} HTTP/1.1\r\n${HEAD}\r\n\r\n`);
    let text = '';
    let greeted = false;
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!text.startsWith('HTTP/1.1 101')) reject(new Error(text));
      else if (!greeted) {
        greeted = true;
        socket.write(MESSAGE);
      }
      if (text.length - end - 4 >= ECHO_BYTES) resolve(socket);
    });
  });
}

const sockets: Socket[] = [];

async function openAll(port: number, count: number): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) sockets.push(await open(port, `/connect/user-${next++}`));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function closeAll(): Promise<void> {
  await Promise.all(
    sockets.splice(0).map(
      (socket) =>
        new Promise((resolve) => {
          socket.once('close', resolve);
          socket.end();
        }),
    ),
  );
}

async function runLoad(request: RoleRequest): Promise<void> {
  if (request.ask === 'open') await openAll(request.port, request.count);
  else if (request.ask === 'close') await closeAll();
  say({ open: sockets.length });
}

const [role, nodePort] = process.argv.slice(2);
if (role === 'node') runNode();
else if (role === 'gateway') await runGateway(Number(nodePort));
else if (role === 'peer') runPeer(Number(nodePort));
else if (role === 'load') {
  process.on('message', (request: RoleRequest) => void runLoad(request));
  say({ open: 0 });
}
