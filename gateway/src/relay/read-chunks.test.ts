import type { Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { counting } from '../testing/counting.ts';
import { eventually } from '../testing/eventually.ts';
import { useSocketPairs } from '../testing/use-socket-pairs.ts';
import { dialOwner } from './owner-socket.ts';
import { readChunks } from './read-chunks.ts';
import { readShared } from './shared-read.ts';
import { giveTo, listen, NOBODY, type SocketUser } from './socket-user.ts';

vi.setConfig({ testTimeout: 60_000 });
const WAIT_MS = 20_000;
const connectPair = useSocketPairs();

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
    const { dialled: writer, accepted: reader } = await connectPair();
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
    const { dialled: writer, accepted: reader } = await connectPair();
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
    other.dialled.end(counting(size));
    read(other.accepted, () => true);
    await eventually('all of it at a reader that is not paused', () => other.accepted.bytesRead === size, WAIT_MS);
    expect(reader.bytesRead).toBe(bytesRead);
    expect(taken).toBe(1000);
    reader.resume();
    await eventually('all of it', () => taken === 1000 + size, WAIT_MS);
  });

  it('notices the end of a writer while it is paused', async () => {
    const { dialled: writer, accepted: reader } = await connectPair();
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

/** The ends of connections, of which `reader` was accepted or dialled, and gives what it reads to a user. */
async function readers(kind: 'accepted' | 'dialled', count: number, userOf: (n: number) => SocketUser) {
  const pairs: { writer: Socket; reader: Socket }[] = [];
  for (let n = 0; n < count; n++) {
    const user = userOf(n);
    if (kind === 'dialled') {
      const { dialled, accepted } = await connectPair((port) => dialOwner({ host: '127.0.0.1', port }, user));
      pairs.push({ writer: accepted, reader: dialled });
      continue;
    }
    const { dialled, accepted } = await connectPair();
    listen(accepted);
    giveTo(user, accepted);
    readShared(accepted);
    pairs.push({ writer: dialled, reader: accepted });
  }
  return pairs;
}

describe.each(['accepted', 'dialled'] as const)('what %s sockets read', (kind) => {
  it('stays as it is while it is used, whatever the others read meanwhile', async () => {
    const sent = counting(4 << 20);
    const got = [0, 1, 2, 3].map(() => ({ parts: [] as Buffer[], bytes: 0 }));
    const pairs = await readers(kind, got.length, (n) => ({
      ...NOBODY,
      onChunk(chunk) {
        const { parts } = got[n] as (typeof got)[0];
        (got[n] as (typeof got)[0]).bytes += chunk.length;
        // Most writes finish at once, so the memory may serve again; some do not.
        const isDone = parts.length % 5 !== 4;
        parts.push(isDone ? Buffer.from(chunk) : chunk);
        return isDone;
      },
    }));
    for (const { writer } of pairs)
      for (let at = 0; at < sent.length; at += 20_000) writer.write(sent.subarray(at, at + 20_000));
    await eventually('all of it', () => got.every(({ bytes }) => bytes === sent.length), WAIT_MS);
    for (const { parts } of got) expect(Buffer.concat(parts).equals(sent)).toBe(true);
  });

  it('takes no new memory for each large chunk, also if there are more sockets than may have a buffer of their own', async () => {
    const memory = new Set<ArrayBufferLike>();
    const message = counting(16_384);
    let messages = 0;
    const open = () =>
      readers(kind, 300, () => ({
        ...NOBODY,
        onChunk(chunk) {
          messages += chunk.length / message.length;
          if (chunk.length === message.length) memory.add(chunk.buffer);
          return true;
        },
      }));
    const send = async (pairs: Awaited<ReturnType<typeof open>>, rounds: number) => {
      for (let round = 0; round < rounds; round++) {
        const wanted = messages + pairs.length;
        for (const { writer } of pairs) writer.write(message);
        await eventually('all messages', () => messages >= wanted, WAIT_MS);
      }
    };
    const pairs = await open();
    await send(pairs, 10);
    const { size } = memory;
    expect(size).toBeGreaterThan(200);
    expect(size).toBeLessThan(pairs.length);
    await send(pairs, 1);
    for (const { writer, reader } of pairs) {
      writer.destroy();
      reader.destroy();
    }
    await eventually('all are closed', () => pairs.every(({ reader }) => reader.closed), WAIT_MS);
    await send(await open(), 10);
    expect(memory.size).toBe(size);
  });
});
