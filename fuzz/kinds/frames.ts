import { type Dice, inPieces, type Kind, type Step } from '../case.ts';
import { UPGRADE } from '../requests.ts';

const OPEN: readonly Step[] = [{ accept: 'plain' }];
const talk = (client: readonly Step[], node: readonly Step[] = []) => ({
  client: [{ send: UPGRADE }, ...client],
  node: [...OPEN, ...node],
});
/** The same from the client, from the node, or from both. */
const either = (dice: Dice, make: () => readonly Step[]) =>
  dice.of(0, 1, 2) === 0 ? talk(make()) : dice.chance(0.5) ? talk([], make()) : talk(make(), make());
const ends = (dice: Dice): Step[] => dice.of<Step[]>([], [{ end: true }], [{ reset: true }]);

/** A frame, whatever it means; with a length of the 7 bits, 16 bits or 64 bits. */
export function frame(dice: Dice, first: number, payload: string, masked = dice.chance(0.5)): string {
  const mask = masked ? 0x80 : 0;
  const size = payload.length;
  const length = size < 126 ? [mask | size] : [mask | 126, size >> 8, size & 0xff];
  return String.fromCharCode(first, ...length) + (masked ? dice.bytes(4) : '') + payload;
}

/** What both ends send once the WebSocket is open. */
export const FRAMES: Readonly<Record<string, Kind>> = {
  bytes: (dice) => either(dice, () => [...inPieces(dice, dice.bytes(dice.size(3_000))), ...ends(dice)]),
  whole: (dice) =>
    either(dice, () =>
      inPieces(
        dice,
        Array.from({ length: dice.size(60) }, () =>
          frame(dice, dice.of(0x81, 0x82, 0x89, 0x8a), dice.bytes(dice.size(2_000))),
        ).join(''),
      ),
    ),
  mutated: (dice) =>
    either(dice, () => [{ send: dice.mutated(frame(dice, 0x81, dice.bytes(dice.size(200))), 4) }, ...ends(dice)]),
  'lengths without an end': (dice) =>
    either(dice, () => [
      {
        send: `\x82${dice.of('\x7f', '\xff')}${dice.of('\xff'.repeat(8), '\x7f\xff\xff\xff\xff\xff\xff\xff', '\0\0\0\x01\0\0\0\0')}`,
      },
      { send: dice.bytes(1_000), times: dice.size(50) },
      ...ends(dice),
    ]),
  'reserved bits and opcodes': (dice) =>
    either(dice, () => [{ send: frame(dice, dice.int(0, 255), dice.bytes(dice.size(100))) }, ...ends(dice)]),
  'fragments without an end': (dice) =>
    either(dice, () => [
      { send: frame(dice, 0x01, 'x') },
      { send: frame(dice, 0x00, 'x'), times: dice.size(300) },
      ...ends(dice),
    ]),
  'large control frames': (dice) =>
    either(dice, () => [{ send: frame(dice, dice.of(0x88, 0x89, 0x8a, 0x08), dice.bytes(dice.int(126, 1_000))) }]),
  closes: (dice) =>
    either(dice, () => [
      { send: frame(dice, 0x88, dice.of('', '\x03', '\x03\xe8', '\x03\xed', '\x00\x00', '\xff\xff', dice.bytes(50))) },
      ...ends(dice),
    ]),
  'after a Close': (dice) =>
    either(dice, () => [
      { send: frame(dice, 0x88, '\x03\xe8') + frame(dice, 0x81, 'more') + dice.bytes(dice.size(100)) },
      ...ends(dice),
    ]),
  'Pings without an end': (dice) => either(dice, () => [{ send: frame(dice, 0x89, ''), times: dice.size(5_000) }]),
  'a byte at a time': (dice) =>
    either(dice, () =>
      [...frame(dice, 0x81, 'hello')].flatMap((byte): Step[] => [{ send: byte }, { wait: dice.size(2) }]),
    ),
  'broken off': (dice) =>
    either(dice, () => [
      { send: frame(dice, 0x82, dice.bytes(1_000)).slice(0, dice.int(1, 900)) },
      dice.of<Step>({ end: true }, { reset: true }),
    ]),
  'large ones': (dice) =>
    either(dice, () => [
      { send: `\x82\xff\0\0\0\0\0\x40\0\0${dice.bytes(4)}` },
      { send: 'x'.repeat(65_536), times: dice.size(80) },
      ...ends(dice),
    ]),
  'behind the head': (dice) => ({
    client: [{ send: UPGRADE + dice.bytes(dice.size(3_000)) }, ...ends(dice)],
    node: [...OPEN, { send: dice.bytes(dice.size(3_000)) }, ...ends(dice)],
  }),
};
