import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readUpgradeHead } from './upgrade-head.ts';

const WS = [
  'GET /connect/ada HTTP/1.1',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
  'Host: chat.example:8080',
];
const FIREFOX = [
  'GET /connect/gr%C3%BC?a=b&c=%20 HTTP/1.1',
  'Host: chat.example',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  'Accept: */*',
  'Accept-Language: en-US,en;q=0.5',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Sec-WebSocket-Version: 13',
  'Origin: https://chat.example',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Connection: keep-alive, Upgrade',
  'Cookie: a=1; b="2"',
  'Pragma: no-cache',
  'Upgrade: websocket',
];
const TYRUS = [
  'GET / HTTP/1.1',
  'host: chat.example',
  'connection: upgrade',
  'upgrade: WebSocket',
  'x-empty:',
  'x-tight:a\tb',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version: 13',
];

type Read = Pick<IncomingMessage, 'method' | 'url' | 'httpVersionMinor' | 'rawHeaders' | 'headers'>;

function looked({ method, url, httpVersionMinor, rawHeaders, headers }: Read): Read {
  return { method, url, httpVersionMinor, rawHeaders, headers: { ...headers } };
}

function bytesOf(lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function read(chunk: Buffer): Read | undefined {
  const head = readUpgradeHead(chunk, new Socket());
  return head && looked(head);
}

/** What Node's own parser makes of it; undefined if it is no upgrade to it, or has something behind its head. */
async function nodeReader(): Promise<(chunk: Buffer) => Promise<Read | undefined>> {
  const reads = new Map<number, Read>();
  const server = createServer((_req, res) => res.end()).listen(0, '127.0.0.1');
  server.on('clientError', (_error, socket) => socket.destroy());
  server.on('upgrade', (req, socket, head) => {
    if (head.length === 0) reads.set((req.socket as Socket).remotePort ?? 0, looked(req));
    socket.destroy();
  });
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return async (chunk) => {
    const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
    socket.on('error', () => {});
    await once(socket, 'connect');
    const { localPort = 0 } = socket;
    socket.resume().end(chunk);
    await once(socket, 'close');
    return reads.get(localPort);
  };
}

/** The same numbers for the same seed (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Bytes that mean something in a head, and some that must not be there. */
const BYTES = [0, 9, 10, 13, 32, 34, 35, 37, 44, 47, 58, 59, 63, 65, 92, 95, 97, 127, 128, 255];

function mutated(chunk: Buffer, next: (below: number) => number): Buffer {
  const at = next(chunk.length);
  const byte = Buffer.from([BYTES[next(BYTES.length)] as number]);
  const after = [chunk.subarray(at), chunk.subarray(at + 1)][next(2)] as Buffer;
  return Buffer.concat([chunk.subarray(0, at), ...(next(4) === 0 ? [] : [byte]), after]);
}

describe('the head of an upgrade', () => {
  it.each([WS, FIREFOX, TYRUS])('of an ordinary client is read as Node reads it', async (...lines) => {
    const byNode = await nodeReader();
    const chunk = bytesOf(lines);
    expect(read(chunk)).toBeDefined();
    expect(read(chunk)).toEqual(await byNode(chunk));
  });

  it.each([
    ['a name twice', [...WS, 'X-A: 1', 'x-a: 2']],
    ['a name that objects have', [...WS, 'constructor: x']],
    ['the name of their prototype', [...WS, '__proto__: x']],
    ['a body', [...WS, 'Content-Length: 5']],
    ['a transfer coding', [...WS, 'Transfer-Encoding: chunked']],
    ['a folded line', [...WS, 'X-A: 1', ' 2']],
    ['a blank before the colon', [...WS, 'X-A : 1']],
    ['text that is no ASCII', [...WS, 'X-A: \xfc']],
    ['another method', ['POST /connect/ada HTTP/1.1', ...WS.slice(1)]],
    ['another version', ['GET /connect/ada HTTP/1.0', ...WS.slice(1)]],
    ['a whole URL', ['GET http://chat.example/connect/ada HTTP/1.1', ...WS.slice(1)]],
    ['another protocol', WS.map((line) => line.replace('websocket', 'h2c'))],
    ['no Upgrade in Connection', WS.map((line) => line.replace('Connection: Upgrade', 'Connection: close'))],
    ['4 KiB', [...WS, `X-A: ${'x'.repeat(4_096)}`]],
  ])('with %s is left to Node', (_what, lines) => {
    expect(read(bytesOf(lines))).toBeUndefined();
  });

  it('is left to Node if it is not whole, or has something behind it', () => {
    const chunk = bytesOf(WS);
    expect(read(chunk.subarray(0, -1))).toBeUndefined();
    expect(read(Buffer.concat([chunk, Buffer.from('x')]))).toBeUndefined();
    expect(read(Buffer.concat([chunk, chunk]))).toBeUndefined();
  });

  it('with any byte changed, is read as Node reads it or left to Node', { timeout: 60_000 }, async () => {
    const byNode = await nodeReader();
    const next = numbers(7);
    const heads = Array.from({ length: 600 }, (_, i) => {
      const chunk = bytesOf([WS, FIREFOX, TYRUS][i % 3] as string[]);
      return mutated(i % 2 === 0 ? chunk : mutated(chunk, next), next);
    });
    const taken = heads.filter((chunk) => read(chunk) !== undefined);
    expect(taken.length).toBeGreaterThan(100);
    for (const chunk of taken)
      expect(read(chunk), JSON.stringify(chunk.toString('latin1'))).toEqual(await byNode(chunk));
  });
});
