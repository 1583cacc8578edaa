import { type OnReadOpts, Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { allTaken, earnOwn, loseOwn, READ_BYTES, returnOwn } from './own-buffers.ts';
import { readChunks } from './read-chunks.ts';
import { type SocketUser, userOf } from './socket-user.ts';

/** Chunks up to this many bytes are cut from Node's pool. */
const SMALL_BYTES = 4_096;

/**
 * One buffer for all sockets: on POSIX systems libuv reads only when bytes are available, and passes them on before the
 * next read, so the buffer is never in use twice. On Windows pending reads hold their buffer, so there each socket has
 * its own.
 */
const sharedBuffer = Buffer.allocUnsafeSlow(READ_BYTES);
/** Where large chunks are copied to, from `scratchAt` on. */
let scratch = Buffer.allocUnsafeSlow(READ_BYTES);
let scratchAt = 0;

/** What a socket reads into from now on. Node asks for it when a socket begins to read, and after each read. */
let next: Buffer | undefined;

function nextBuffer(): Buffer {
  const buffer = next ?? readBuffer();
  next = undefined;
  return buffer;
}

function readBuffer(): Buffer {
  return process.platform === 'win32' ? Buffer.allocUnsafeSlow(READ_BYTES) : sharedBuffer;
}

/**
 * The option `onread` of a socket to dial: whoever has the socket gets what it reads. It saves an allocation of 64 KiB
 * and the stream machinery for each read.
 */
export function readIntoShared(): OnReadOpts {
  return { buffer: nextBuffer, callback: onDialledRead };
}

// Node calls it as a method of the socket, which is not documented.
function onDialledRead(this: unknown, bytes: number, buffer: Uint8Array): boolean {
  passOn(buffer as Buffer, bytes, this as Socket);
  return true;
}

/**
 * Passes on what was read into a buffer; from the shared one as a copy, since a write that does not finish at once
 * keeps using the memory. Most writes finish at once; then the memory serves again. New memory for each large chunk
 * would fill up so fast that V8 collects all garbage every 2,000 chunks, which takes a quarter of a relay's CPU.
 *
 * A copy of 16 KiB doubles what a relay spends outside the kernel. So a socket whose large chunks are written at once
 * gets a buffer of its own, and what it reads is passed on as it is.
 */
function passOn(buffer: Buffer, bytes: number, socket: Socket): void {
  const user = userOf(socket);
  const isOwn = buffer !== sharedBuffer;
  if (bytes <= SMALL_BYTES) {
    user.onChunk(copyOf(buffer, bytes), socket);
    if (isOwn && allTaken()) {
      returnOwn(socket);
      next = readBuffer();
    } else next = buffer;
    return;
  }
  const isDone = isOwn ? user.onChunk(buffer.subarray(0, bytes), socket) : passCopy(buffer, bytes, socket, user);
  if (isDone) next = earnOwn(socket) ?? buffer;
  else {
    loseOwn(socket);
    next = readBuffer();
  }
}

/** Returns whether the copy is no longer used. */
function passCopy(buffer: Buffer, bytes: number, socket: Socket, user: SocketUser): boolean {
  if (scratchAt + bytes > scratch.length) {
    scratch = Buffer.allocUnsafeSlow(READ_BYTES);
    scratchAt = 0;
  }
  const chunk = scratch.subarray(scratchAt, scratchAt + bytes);
  buffer.copy(chunk, 0, 0, bytes);
  scratchAt += bytes;
  const isDone = user.onChunk(chunk, socket);
  if (isDone) scratchAt -= bytes;
  return isDone;
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
const [BUFFER, CALLBACK, NEXT] = ['kBuffer', 'kBufferCb', 'kBufferGen'].map((name) =>
  Object.getOwnPropertySymbols(new Socket()).find(({ description }) => description === name),
);
const ARE_KNOWN = BUFFER !== undefined && CALLBACK !== undefined && NEXT !== undefined;

/**
 * Whoever has an accepted socket gets what it reads from now on, as with `onread` of a dialled socket, which Node does
 * not have for accepted ones. It uses private fields of Node; where they are missing, chunks come by `readChunks`,
 * which allocates 64 KiB for each. While the socket is paused its stream gets what is read, as usual.
 */
export function readShared(socket: Socket): void {
  const { _handle: handle } = socket as Socket & { _handle?: Handle | null };
  if (!ARE_KNOWN || typeof handle?.useUserBuffer !== 'function') {
    readChunks(socket, (chunk) => userOf(socket).onChunk(chunk, socket));
    return;
  }
  const buffer = readBuffer();
  Object.assign(socket, { [BUFFER]: buffer, [CALLBACK]: onAcceptedRead, [NEXT]: nextBuffer });
  // Node's own would stop reading at once, and the client's end would not be noticed.
  socket.pause = Duplex.prototype.pause as Socket['pause'];
  handle.useUserBuffer(buffer);
  socket.on('data', onData);
}

function onAcceptedRead(this: Socket, bytes: number, buffer: Buffer): boolean {
  if (this.readableFlowing !== true || this.readableLength > 0) {
    next = buffer;
    return this.push(copyOf(buffer, bytes));
  }
  passOn(buffer, bytes, this);
  return true;
}

/** What the socket got while it was paused. */
function onData(this: Socket, chunk: Buffer): void {
  userOf(this).onChunk(chunk, this);
}
