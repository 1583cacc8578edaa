import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { counting } from '../testing/counting.ts';
import { eventually } from '../testing/eventually.ts';
import { watchSocket } from '../testing/raw-socket.ts';
import { useSocketPairs } from '../testing/use-socket-pairs.ts';

type WriteTo = typeof import('./direct-write.ts').writeTo;

interface Request {
  getAsyncId: () => number;
}

interface Handle {
  writeBuffer: (request: Request, chunk: Buffer) => number;
}

const handleOf = (socket: Socket) => (socket as Socket & { _handle: Handle })._handle;

const connectPair = useSocketPairs();

/** Chunks of growing sizes until the kernel takes no more, which the socket then says. Returns all of them. */
function fill(writeTo: WriteTo, writer: Socket): Buffer {
  const written: Buffer[] = [];
  let size = 0;
  for (let n = 1, goesOn = true; goesOn || writer.writableLength === 0; n++) {
    const chunk = counting(4 * n * n, size);
    goesOn = writeTo(writer, chunk);
    written.push(chunk);
    size += chunk.length;
  }
  return Buffer.concat(written);
}

let copies = 0;

/** A module of its own, which has learned nothing yet. */
async function load(): Promise<WriteTo> {
  const copy = (await import(`./direct-write.ts?copy=${++copies}`)) as { readonly writeTo: WriteTo };
  return copy.writeTo;
}

async function direct(): Promise<WriteTo> {
  const writeTo = await load();
  const { dialled: writer, accepted: reader } = await connectPair();
  const got = watchSocket(reader);
  const byStream = vi.spyOn(writer, 'write');
  for (const text of ['learns ', 'from ', 'the first']) writeTo(writer, Buffer.from(text));
  expect(byStream).toHaveBeenCalledTimes(1);
  await eventually('all of it', () => got.text === 'learns from the first');
  return writeTo;
}

/** As if Node did not have one of the private fields. */
async function byTheStream(): Promise<WriteTo> {
  const writeTo = await load();
  const { dialled: writer, accepted: reader } = await connectPair();
  const got = watchSocket(reader);
  const Request = await classOfRequests(writer);
  const byStream = vi.spyOn(writer, 'write');
  Object.defineProperty(Request.prototype, 'getAsyncId', { value: undefined, configurable: true });
  for (const text of ['learns ', 'nothing']) writeTo(writer, Buffer.from(text));
  Reflect.deleteProperty(Request.prototype, 'getAsyncId');
  expect(byStream).toHaveBeenCalledTimes(2);
  await eventually('all of it', () => got.text === '.learns nothing');
  return writeTo;
}

/** Of the writes of a socket, which writes a dot. */
async function classOfRequests(socket: Socket): Promise<{ readonly prototype: object }> {
  const handle = handleOf(socket);
  const { writeBuffer } = handle;
  return new Promise((resolve) => {
    handle.writeBuffer = (request, chunk) => {
      resolve(request.constructor);
      return writeBuffer.call(handle, request, chunk);
    };
    socket.write(Buffer.from('.'));
    Reflect.deleteProperty(handle, 'writeBuffer');
  });
}

describe.each([
  ['right to the kernel', direct],
  ['by the stream, on a Node without the private fields,', byTheStream],
])('writing %s', (_, prepare) => {
  it('sends everything once and in order, says when to stop, and when to go on', async () => {
    const writeTo = await prepare();
    const { dialled: writer, accepted: reader } = await connectPair();
    const sent = [fill(writeTo, writer)];
    const got = watchSocket(reader);
    await once(writer, 'drain');
    expect(writer.writableLength).toBe(0);
    let size = sent[0]?.length ?? 0;
    for (let n = 0; n < 100; n++) {
      const chunk = counting(40_000, size);
      size += chunk.length;
      sent.push(chunk);
      if (!writeTo(writer, chunk)) await once(writer, 'drain');
    }
    writer.end();
    await eventually('the end', () => got.ended);
    expect(got.received.equals(Buffer.concat(sent))).toBe(true);
  });

  it('counts what the kernel has not taken as waiting', async () => {
    const writeTo = await prepare();
    const { dialled: writer, accepted: reader } = await connectPair();
    const filled = fill(writeTo, writer);
    const waiting = writer.writableLength;
    expect(waiting).toBeGreaterThan(0);
    const behind = counting(1000, filled.length);
    writeTo(writer, behind);
    expect(writer.writableLength).toBe(waiting + behind.length);
    const got = watchSocket(reader);
    await eventually('nothing waits', () => writer.writableLength === 0);
    await eventually('all of it', () => got.received.length === filled.length + behind.length);
    expect(got.received.equals(Buffer.concat([filled, behind]))).toBe(true);
  });

  it('ends the socket only behind what waits', async () => {
    const writeTo = await prepare();
    const { dialled: writer, accepted: reader } = await connectPair();
    const sent = fill(writeTo, writer);
    writer.end();
    const got = watchSocket(reader);
    await eventually('the end', () => got.ended);
    expect(got.received.equals(sent)).toBe(true);
    reader.end();
    await eventually('the writer is closed', () => writer.closed);
  });

  it('gives up what waits when the socket is destroyed', async () => {
    const writeTo = await prepare();
    const { dialled: writer, accepted: reader } = await connectPair();
    const errors: Error[] = [];
    writer.on('error', (error) => errors.push(error));
    fill(writeTo, writer);
    writer.destroy();
    await eventually('it is closed', () => writer.closed);
    reader.on('error', () => {}).resume();
    await eventually('so is the other end', () => reader.readableEnded || reader.destroyed);
    expect(errors).toEqual([]);
  });

  it('says that the other end is gone', async () => {
    const writeTo = await prepare();
    const { dialled: writer, accepted: reader } = await connectPair();
    const codes: (string | undefined)[] = [];
    writer.on('error', ({ code }: NodeJS.ErrnoException) => codes.push(code));
    writer.pause();
    reader.resetAndDestroy();
    await eventually('it is closed', () => {
      if (!writer.destroyed) writeTo(writer, Buffer.from('anybody there?'));
      return writer.closed;
    });
    expect(['EPIPE', 'ECONNRESET']).toContain(codes[0]);
    expect(codes).toHaveLength(1);
  });

  it('waits for the connection', async () => {
    const writeTo = await prepare();
    const { accepted } = await connectPair((port) => {
      const writer = connect(port, '127.0.0.1');
      for (const text of ['said ', 'before']) writeTo(writer, Buffer.from(text));
      return writer;
    });
    const got = watchSocket(accepted);
    await eventually('all of it', () => got.text === 'said before');
  });
});

it('uses no request twice while the kernel, which has all of a chunk, has not said so', async () => {
  const writeTo = await direct();
  const requests: Request[] = [];
  const pairs = [await connectPair(), await connectPair()];
  for (const { dialled: writer } of pairs) {
    handleOf(writer).writeBuffer = (request) => {
      requests.push(request);
      request.getAsyncId = () => 1;
      return 0;
    };
    writeTo(writer, Buffer.from('a chunk'));
    expect(writer.writableLength).toBe('a chunk'.length);
  }
  expect(new Set(requests).size).toBe(2);
});
