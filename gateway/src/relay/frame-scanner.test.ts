import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closeFrame, GOING_AWAY, maskedCloseFrame, ownerChanged } from './close-frame.ts';
import { type Boundary, FrameScanner } from './frame-scanner.ts';

interface Frame {
  readonly fin: boolean;
  readonly opcode: number;
  readonly masked: boolean;
  readonly size: number;
}

/** These bytes look like headers of every kind, so that a scanner that is off by one byte goes astray. */
const PAYLOAD = Buffer.alloc(70_000).map((_, i) => (i * 0x83 + 0x88) & 0xff);

function encode({ fin, opcode, masked, size }: Frame): Buffer {
  const length =
    size < 126
      ? [size]
      : size < 65_536
        ? [126, size >> 8, size & 255]
        : [127, 0, 0, 0, 0, 0, size >> 16, (size >> 8) & 255, size & 255];
  length[0] = (length[0] as number) | (masked ? 0x80 : 0);
  const header = [(fin ? 0x80 : 0) | opcode, ...length, ...(masked ? [0x81, 0x7e, 0x88, 0x00] : [])];
  return Buffer.concat([Buffer.from(header), PAYLOAD.subarray(0, size)]);
}

/** Decodes whole bytes frame by frame: offsets of the ends of frames, and which of them end a message. */
function decode(bytes: Buffer): { frames: number[]; messages: number[]; close: number | undefined } {
  const result = { frames: [0], messages: [0], close: undefined as number | undefined };
  let at = 0;
  let open = false;
  while (at < bytes.length) {
    const opcode = bytes.readUInt8(at) & 15;
    const fin = bytes.readUInt8(at) >> 7 === 1;
    const masked = bytes.readUInt8(at + 1) >> 7 === 1;
    const short = bytes.readUInt8(at + 1) & 127;
    const header = short === 126 ? 4 : short === 127 ? 10 : 2;
    const size =
      short === 126 ? bytes.readUInt16BE(at + 2) : short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short;
    at += header + (masked ? 4 : 0) + size;
    if (opcode < 8) open = !fin;
    if (opcode === 8) result.close ??= at;
    result.frames.push(at);
    if (!open) result.messages.push(at);
  }
  return result;
}

const sizes = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom(124, 125, 126, 127, 65_535, 65_536, 70_000));
const control = fc.constantFrom(0x9, 0xa);

/** Messages of one to four frames, with control frames between any two frames. */
const frameSequences = fc
  .array(
    fc.record({
      sizes: fc.array(sizes, { minLength: 1, maxLength: 4 }),
      opcode: fc.constantFrom(1, 2),
      pings: fc.array(control, { maxLength: 3 }),
    }),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  .chain((messages) =>
    fc
      .boolean()
      .map((masked) =>
        messages.flatMap(({ sizes, opcode, pings }) =>
          sizes.flatMap((size, i) => [
            { fin: i === sizes.length - 1, opcode: i === 0 ? opcode : 0, masked, size },
            ...(pings[i] === undefined ? [] : [{ fin: true, opcode: pings[i], masked, size: size % 126 }]),
          ]),
        ),
      ),
  );

const cutFractions = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

function cut(bytes: Buffer, fractions: readonly number[]): Buffer[] {
  // Early cuts hit headers, which lie close together when frames are small.
  const offsets = [
    0,
    ...fractions.map((f, i) => Math.floor(f * (i % 2 ? Math.min(40, bytes.length) : bytes.length))),
    bytes.length,
  ];
  offsets.sort((a, b) => a - b);
  return offsets.slice(1).map((end, i) => bytes.subarray(offsets[i], end));
}

describe('a frame scanner', () => {
  it('agrees with a decoder of whole bytes at every cut', () => {
    fc.assert(
      fc.property(frameSequences, cutFractions, (frames, fractions) => {
        const bytes = Buffer.concat(frames.map(encode));
        const expected = decode(bytes);
        const scanner = new FrameScanner();
        let at = 0;
        for (const chunk of cut(bytes, fractions)) {
          scanner.scan(chunk);
          at += chunk.length;
          expect(scanner.atFrameBoundary).toBe(expected.frames.includes(at));
          if (scanner.atFrameBoundary) expect(scanner.isAt('message')).toBe(expected.messages.includes(at));
        }
      }),
    );
  });

  it('finds the first boundary after any byte, whatever the chunks', () => {
    fc.assert(
      fc.property(
        frameSequences,
        cutFractions,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom<Boundary>('frame', 'message'),
        (frames, fractions, when, boundary) => {
          const bytes = Buffer.concat(frames.map(encode));
          const asked = Math.floor(when * bytes.length);
          const { frames: frameEnds, messages } = decode(bytes);
          const expected = (boundary === 'frame' ? frameEnds : messages).find((end) => end >= asked);

          const scanner = new FrameScanner();
          scanner.scan(bytes.subarray(0, asked));
          let at = asked;
          let found: number | undefined;
          for (const chunk of cut(bytes.subarray(asked), fractions)) {
            const end = scanner.scanTo(chunk, boundary);
            if (end >= 0) {
              found = at + end;
              break;
            }
            at += chunk.length;
          }
          // At the very end there may be no chunk left in which to find it.
          expect(found ?? (scanner.isAt(boundary) ? at : undefined)).toBe(expected);
        },
      ),
    );
  });

  it('stops right after a Close frame', () => {
    fc.assert(
      fc.property(frameSequences, cutFractions, fc.boolean(), (frames, fractions, masked) => {
        const before = Buffer.concat(frames.map(encode));
        const close = masked ? maskedCloseFrame(GOING_AWAY) : closeFrame(ownerChanged(1012));
        const scanner = new FrameScanner();
        let taken = 0;
        for (const chunk of cut(Buffer.concat([before, close, Buffer.from('not a frame')]), fractions)) {
          const end = scanner.scanTo(chunk, 'close');
          taken += end < 0 ? chunk.length : end;
          if (end >= 0) break;
        }
        expect(taken).toBe(before.length + close.length);
        expect(scanner.closeSeen).toBe(true);
      }),
    );
  });

  it('never reports a boundary after a length that no frame can have', () => {
    const scanner = new FrameScanner();
    scanner.scan(Buffer.from([0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255]));
    scanner.scan(Buffer.alloc(1 << 20));
    expect(scanner.atFrameBoundary).toBe(false);
  });
});

it('counts messages, whatever their frames and chunks, and no control frames', () => {
  const masked = false;
  const bytes = Buffer.concat(
    [
      { fin: true, opcode: 1, masked, size: 5 },
      { fin: false, opcode: 2, masked, size: 200 },
      { fin: true, opcode: 9, masked, size: 3 },
      { fin: true, opcode: 0, masked, size: 0 },
      { fin: true, opcode: 1, masked, size: 0 },
    ].map(encode),
  );
  for (const size of [1, 7, bytes.length]) {
    const scanner = new FrameScanner();
    for (let at = 0; at < bytes.length; at += size) scanner.scan(bytes.subarray(at, at + size));
    expect([scanner.takeMessages(), scanner.takeMessages()]).toEqual([3, 0]);
  }
});
