import { type Dice, inPieces, type Kind, type Step } from '../case.ts';
import { OK, post } from '../requests.ts';

const answered = (dice: Dice, text: string, ...more: readonly Step[]) => ({
  client: [...inPieces(dice, text), ...more],
  node: dice.of<Step[]>([{ send: OK }], [{ wait: dice.size(20) }, { send: OK }], []),
});
const LENGTH = (length: number | string) => post(`Content-Length: ${length}`);
const CHUNKED = post('Transfer-Encoding: chunked');

function chunks(dice: Dice): string {
  const pieces = Array.from({ length: dice.size(40) }, () => dice.bytes(dice.size(300) + 1));
  return `${pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`;
}

/** What clients send as the body of a request. */
export const BODIES: Readonly<Record<string, Kind>> = {
  'shorter than its length': (dice) =>
    answered(
      dice,
      LENGTH(dice.int(2, 200_000)) + 'x'.repeat(dice.size(1_000)),
      ...dice.of<Step[]>([], [{ end: true }], [{ reset: true }]),
    ),
  'longer than its length': (dice) =>
    answered(dice, LENGTH(dice.size(10)) + dice.of('x', '\r\n\r\n', 'GET ').repeat(dice.size(500) + 10)),
  'length that is none': (dice) =>
    answered(
      dice,
      LENGTH(dice.of('-1', '+1', '1e9', '0x10', ' ', '9'.repeat(30), '1,1', dice.syntax(4).replace(/[\r\n]/g, ''))) +
        'x',
    ),
  'long, whole': (dice) => ({
    client: [{ send: LENGTH(200_000) }, { send: 'x'.repeat(1_000), times: 200 }],
    node: [{ wait: dice.size(20) }, { send: OK }],
  }),
  chunks: (dice) => answered(dice, CHUNKED + chunks(dice)),
  'mutated chunks': (dice) => answered(dice, CHUNKED + dice.mutated(chunks(dice), 6)),
  'chunk sizes': (dice) =>
    answered(
      dice,
      `${CHUNKED}${dice.of('0'.repeat(5_000), 'f'.repeat(20), '-1', '1 ', '1;a=b', `1;${'x'.repeat(dice.size(30_000))}`, '0x1')}\r\nx\r\n0\r\n\r\n`,
    ),
  trailers: (dice) =>
    answered(
      dice,
      `${CHUNKED}1\r\nx\r\n0\r\n${dice.of('X: y\r\n', 'Host: y\r\n', 'X: y\r\n'.repeat(dice.size(3_000)), dice.syntax(40))}\r\n`,
    ),
  'two lengths': (dice) => answered(dice, `${post('Content-Length: 1', `Content-Length: ${dice.int(1, 2)}`)}xx`),
  'length beside a coding': (dice) =>
    answered(
      dice,
      `${post(...dice.of(['Content-Length: 5', 'Transfer-Encoding: chunked'], ['Transfer-Encoding: chunked', 'Content-Length: 5']))}0\r\n\r\n`,
    ),
  'other codings': (dice) =>
    answered(
      dice,
      `${post(`Transfer-Encoding: ${dice.of('gzip', 'gzip, chunked', 'chunked, gzip', 'identity', 'Chunked', 'chunked, chunked', '\x0bchunked')}`)}0\r\n\r\n`,
    ),
  'expected to be waited for': (dice) =>
    answered(dice, `${post(`Expect: ${dice.of('100-continue', 'x', '')}`, 'Content-Length: 3')}${dice.of('abc', '')}`),
  'many ends of heads': (dice) => ({
    client: [{ send: LENGTH(40_000) + dice.of('\r\n\r\n', '\r\n\r', '\r\n').repeat(10_000) }],
    node: [{ send: OK }],
  }),
  'broken off': (dice) =>
    answered(dice, dice.of(LENGTH(1_000), CHUNKED) + dice.of('', '3e8\r\n') + 'x'.repeat(dice.size(500)), {
      reset: true,
    }),
};
