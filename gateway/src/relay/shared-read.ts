import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { readChunks } from './read-chunks.ts';

const READ_BYTES = 65_536;
/** Chunks up to this many bytes are cut from Node's pool. */
const SMALL_BYTES = 4_096;

/** Takes a chunk, and owns it unless it returns true, which says that it is done with it. */
export type Take = (chunk: Buffer) => boolean;

/**
 * One buffer for all sockets: on POSIX systems libuv reads only when bytes are available, and passes them on before the
 * next read, so the buffer is never in use twice. On Windows pending reads hold their buffer, so there each socket has
 * its own.
 */
const sharedBuffer = Buffer.allocUnsafeSlow(READ_BYTES);
/** Where large chunks are copied to, from `scratchAt` on. */
let scratch = Buffer.allocUnsafeSlow(READ_BYTES);
let scratchAt = 0;

export function readBuffer(): Buffer {
  return process.platform === 'win32' ? Buffer.allocUnsafeSlow(READ_BYTES) : sharedBuffer;
}

/**
 * Passes on what was read into a buffer, as a copy, since a write that does not finish at once keeps using the memory.
 * Most writes finish at once; then the memory serves again. New memory for each large chunk would fill up so fast that
 * V8 collects all garbage every 2,000 chunks, which takes a quarter of a relay's CPU.
 */
export function passOn(buffer: Buffer, bytes: number, take: Take): void {
  if (bytes <= SMALL_BYTES) {
    take(copyOf(buffer, bytes));
    return;
  }
  if (scratchAt + bytes > scratch.length) {
    scratch = Buffer.allocUnsafeSlow(READ_BYTES);
    scratchAt = 0;
  }
  const chunk = scratch.subarray(scratchAt, scratchAt + bytes);
  buffer.copy(chunk, 0, 0, bytes);
  scratchAt += bytes;
  if (take(chunk)) scratchAt -= bytes;
}

function copyOf(buffer: Buffer, bytes: number): Buffer {
  const chunk = Buffer.allocUnsafe(bytes);
  buffer.copy(chunk, 0, 0, bytes);
  return chunk;
}

interface Handle {
  useUserBuffer?: (buffer: Buffer) => void;
}

/** Where Node keeps what `onread` of a dialled socket has set. */
const [BUFFER, CALLBACK] = ['kBuffer', 'kBufferCb'].map((name) =>
  Object.getOwnPropertySymbols(new Socket()).find(({ description }) => description === name),
);

/**
 * Passes on what an accepted socket reads from now on, like `onread` of a dialled socket, which Node does not have for
 * accepted ones. It uses private fields of Node; where they are missing, chunks come by `readChunks`, which costs an
 * allocation of 64 KiB for each. While the socket is paused its stream gets what is read, as usual.
 */
export function readShared(socket: Socket, take: Take): void {
  const { _handle: handle } = socket as Socket & { _handle?: Handle | null };
  if (BUFFER === undefined || CALLBACK === undefined || typeof handle?.useUserBuffer !== 'function') {
    readChunks(socket, take);
    return;
  }
  const buffer = readBuffer();
  const onRead = (bytes: number) => {
    if (socket.readableFlowing !== true || socket.readableLength > 0) return socket.push(copyOf(buffer, bytes));
    passOn(buffer, bytes, take);
    return true;
  };
  Object.assign(socket, { [BUFFER]: buffer, [CALLBACK]: onRead });
  // Node's own would stop reading at once, and the client's end would not be noticed.
  socket.pause = Duplex.prototype.pause as Socket['pause'];
  handle.useUserBuffer(buffer);
  socket.on('data', take);
}
