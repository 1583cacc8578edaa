import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import { readChunks } from './read-chunks.ts';
import { readShared } from './shared-read.ts';
import { giveTo, NOBODY } from './socket-user.ts';

vi.setConfig({ testTimeout: 60_000 });
const WAIT_MS = 20_000;
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

async function connectPair(): Promise<{ writer: Socket; reader: Socket }> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const writer = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [reader] = (await accepted) as [Socket];
  server.close();
  sockets.push(writer, reader);
  return { writer, reader };
}

/** Every 4 bytes count on, so that anything lost, doubled or out of order shows. */
function counting(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4) bytes.writeUInt32BE(at, at);
  return bytes;
}

type Take = (chunk: Buffer) => boolean;

function readBy(reader: Socket, take: Take): void {
  giveTo({ ...NOBODY, onChunk: take }, reader);
  readShared(reader);
}

/** As if Node did not have the private field. */
function readWithout(reader: Socket, take: Take): void {
  Object.assign((reader as Socket & { _handle: object })._handle, { useUserBuffer: undefined });
  readBy(reader, take);
}

describe.each([
  ['readChunks', readChunks],
  ['readShared', readBy],
  ['readShared, on a Node without the private field,', readWithout],
])('%s', (_name, read) => {
  it('hands over all bytes in order, whenever it is paused, and the end after them', async () => {
    const { writer, reader } = await connectPair();
    const sent = counting(16 << 20);
    writer.write(sent.subarray(0, 1000));
    // These are in the stream already before anybody reads.
    await eventually('the first bytes', () => reader.readableLength === 1000, WAIT_MS);
    const chunks: Buffer[] = [];
    let ended = false;
    reader.on('end', () => {
      ended = true;
    });
    read(reader, (chunk) => {
      chunks.push(chunk);
      if (chunks.length % 3 !== 0) return false;
      reader.pause();
      setTimeout(() => reader.resume(), chunks.length % 2);
      return false;
    });
    writer.end(sent.subarray(1000));
    await eventually('the end', () => ended, WAIT_MS);
    expect(Buffer.concat(chunks).equals(sent)).toBe(true);
  });

  it('holds the writer back while it is paused', async () => {
    const { writer, reader } = await connectPair();
    let taken = 0;
    read(reader, (chunk) => {
      taken += chunk.length;
      return true;
    });
    writer.write(counting(1000));
    await eventually('the first bytes', () => taken === 1000, WAIT_MS);
    reader.pause();
    const size = 32 << 20;
    writer.write(counting(size));
    await eventually('a stream that has enough', () => reader.readableLength >= reader.readableHighWaterMark, WAIT_MS);
    const { bytesRead } = reader;
    const other = await connectPair();
    other.writer.end(counting(size));
    read(other.reader, () => true);
    await eventually('all of it at a reader that is not paused', () => other.reader.bytesRead === size, WAIT_MS);
    expect(reader.bytesRead).toBe(bytesRead);
    expect(taken).toBe(1000);
    reader.resume();
    await eventually('all of it', () => taken === 1000 + size, WAIT_MS);
  });

  it('notices the end of a writer while it is paused', async () => {
    const { writer, reader } = await connectPair();
    let ended = false;
    reader.on('end', () => {
      ended = true;
    });
    read(reader, () => true);
    reader.pause();
    writer.end();
    await eventually('the end', () => ended, WAIT_MS);
  });
});
