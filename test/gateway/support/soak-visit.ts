import { connect } from 'node:net';
import { frame, WEBSOCKET_KEY } from '@wscluster/gateway/testing/raw-socket';

/** How a connection comes and goes. */
export type Way =
  /** A message there and back, then a Close of the client's own. */
  | 'clean'
  | 'client-reset'
  | 'node-reset'
  /** The node answers 403. */
  | 'refused'
  /** No route: the gateway answers itself. */
  | 'unrouted'
  /** The client resets within its head. */
  | 'aborted-head'
  /** The client resets right behind its head. */
  | 'aborted-dial'
  /** The node says that it is not the owner; the client leaves while the gateway waits for another one. */
  | 'misdirected'
  /** Stays until it is told to go, since the owner changed. */
  | 'moved';

export const WAYS: readonly Way[] = [
  'clean',
  'client-reset',
  'node-reset',
  'refused',
  'unrouted',
  'aborted-head',
  'aborted-dial',
  'misdirected',
  'moved',
];

/** What the client saw at the end: a status, a Close code, or that it went by itself. */
export type Outcome = number | 'gone';

const MESSAGE = frame(1, 'hello', { masked: true });
const CLOSE_OPCODE = 0x88;
const CONNECTED = ' 101 ';
/** Until a client gives up that gets no answer: less than a gateway waits for another owner. */
const PATIENCE_MS = 30;

/** Comes and goes in the given way, from the given loopback address; resolves when the connection is closed. */
export function visit(port: number, way: Way, number: number, localAddress: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true });
    let outcome: Outcome = 'gone';
    let answer = Buffer.alloc(0);
    let greeted = false;
    socket.on('error', () => {});
    socket.on('close', () => resolve(outcome));
    socket.on('end', () => socket.end());
    socket.on('connect', () => {
      const path = way === 'unrouted' ? `/nowhere/${number}` : `/connect/${way}-${number}`;
      const head =
        `GET ${path} HTTP/1.1\r\nHost: soak\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${WEBSOCKET_KEY}\r\n\r\n`;
      const half = way === 'aborted-head' ? head.slice(0, head.length / 2) : head;
      socket.write(half, () => {
        if (way === 'aborted-head' || way === 'aborted-dial') socket.resetAndDestroy();
        else if (way === 'misdirected') setTimeout(() => socket.resetAndDestroy(), PATIENCE_MS);
      });
    });
    socket.on('data', (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
      const end = answer.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = answer.toString('latin1', 0, end);
      if (!head.includes(CONNECTED)) {
        outcome = Number(head.split(' ')[1]);
        return;
      }
      if (!greeted) {
        greeted = true;
        socket.write(MESSAGE);
      }
      const frames = answer.subarray(end + 4);
      const close = closeAt(frames);
      if (close !== undefined) {
        outcome = close;
        socket.write(frame(8, '', { masked: true }));
      } else if (frames.length > 0 && way === 'client-reset') socket.resetAndDestroy();
      else if (frames.length > 0 && way === 'clean') socket.write(frame(8, '', { masked: true }));
    });
  });
}

/** Code of the Close among short frames; 1005 for one without a code. */
function closeAt(frames: Buffer): number | undefined {
  for (let at = 0; at + 2 <= frames.length; at += 2 + (frames[at + 1] as number)) {
    if (frames[at] !== CLOSE_OPCODE) continue;
    const size = frames[at + 1] as number;
    if (at + 2 + size > frames.length) return undefined;
    return size < 2 ? 1005 : frames.readUInt16BE(at + 2);
  }
  return undefined;
}
