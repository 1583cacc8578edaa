import { describe, expect, it } from 'vitest';
import { frame } from '../testing/raw-socket.ts';
import { closeFrame, ownerChanged } from './close-frame.ts';
import { MAX_STATE_BYTES } from './release-protocol.ts';
import { ReleaseReader } from './release-reader.ts';

const CLOSE = closeFrame(ownerChanged(1000));
const PONG = 0xa;

/** A frame of any length. */
function long(opcode: number, size: number, fin = true): Buffer {
  const head = Buffer.alloc(10);
  head[0] = (fin ? 0x80 : 0) | opcode;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(size), 2);
  return Buffer.concat([head, Buffer.alloc(size, 1)]);
}

function readIn(bytes: Buffer, size: number): { reader: ReleaseReader; forClient: Buffer } {
  const reader = new ReleaseReader('token');
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) parts.push(reader.read(bytes.subarray(at, at + size)));
  return { reader, forClient: Buffer.concat(parts) };
}

describe('what a node sends while it releases a connection', () => {
  const messages = Buffer.concat([
    ...[
      frame(1, 'text'),
      frame(9, 'ping'),
      frame(2, 'begin ', { fin: false }),
      frame(PONG, 'wscluster:state other'),
      frame(0, 'end'),
    ],
    long(2, 70_000),
  ]);

  it.each([1, 2, 3, 7, 1_000, 1_000_000])('is for the client up to the Close, in chunks of %d', (size) => {
    const { reader, forClient } = readIn(Buffer.concat([messages, CLOSE, frame(1, 'behind it')]), size);
    expect(forClient.equals(messages)).toBe(true);
    expect(reader.closed).toBe(true);
    expect(reader.state).toHaveLength(0);
  });

  it.each([1, 5, 100_000])('is not for the client if it is the answer or the state, in chunks of %d', (size) => {
    const state = [frame(2, 'first ', { fin: false }), frame(0, 'and second part')];
    const bytes = [
      frame(PONG, 'wscluster:release token'),
      messages,
      frame(PONG, 'wscluster:state token'),
      ...state,
      CLOSE,
    ];
    const { reader, forClient } = readIn(Buffer.concat(bytes), size);
    expect(forClient.equals(messages)).toBe(true);
    expect(String(reader.state)).toBe('first and second part');
  });

  it('is refused if the state is too large', () => {
    const reader = new ReleaseReader('token');
    reader.read(frame(PONG, 'wscluster:state token'));
    reader.read(long(2, MAX_STATE_BYTES, false));
    expect(() => reader.read(frame(0, 'x'))).toThrow(expect.objectContaining({ code: 'OWNER_PROTOCOL' }));
  });
});
