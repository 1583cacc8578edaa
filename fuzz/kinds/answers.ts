import { type Dice, inPieces, type Kind, type Step } from '../case.ts';
import { GET, head, OK, UPGRADE } from '../requests.ts';

const to = (dice: Dice, text: string, ...more: readonly Step[]) => ({
  client: [{ send: dice.of(GET, UPGRADE, GET + GET) }],
  node: [...inPieces(dice, text), ...more],
});
const maybeEnd = (dice: Dice): Step[] => dice.of<Step[]>([], [{ end: true }], [{ reset: true }]);
const SWITCHING = head('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket');

/** What nodes answer. */
export const ANSWERS: Readonly<Record<string, Kind>> = {
  bytes: (dice) => to(dice, dice.bytes(dice.size(2_000)), ...maybeEnd(dice)),
  mutated: (dice) => to(dice, dice.mutated(OK, 8), ...maybeEnd(dice)),
  'reason phrases': (dice) =>
    to(dice, `HTTP/1.1 200 ${dice.syntax(dice.size(40)).replace(/[\r\n]/g, '')}\r\nContent-Length: 0\r\n\r\n`),
  'header values': (dice) =>
    to(dice, `HTTP/1.1 200 OK\r\nX: ${dice.syntax(dice.size(60)).replace(/[\r\n]/g, '')}\r\nContent-Length: 0\r\n\r\n`),
  statuses: (dice) =>
    to(
      dice,
      `HTTP/1.1 ${dice.of('099', '0', '1000', '-1', '204', '205', '304', '199', '421', '600', '999', '')} X\r\n${dice.of('', 'Content-Length: 5\r\n')}\r\n${dice.of('', 'hello')}`,
      ...maybeEnd(dice),
    ),
  'lengths that lie': (dice) =>
    to(
      dice,
      head(
        'HTTP/1.1 200 OK',
        `Content-Length: ${dice.of('0', '1', '10', '1000000', '-1', '1, 1', '2e1', '9'.repeat(25))}`,
      ) + 'x'.repeat(dice.size(300)),
      ...maybeEnd(dice),
    ),
  'two lengths or codings': (dice) =>
    to(
      dice,
      `${head('HTTP/1.1 200 OK', ...dice.of(['Content-Length: 1', 'Content-Length: 2'], ['Content-Length: 1', 'Transfer-Encoding: chunked'], ['Transfer-Encoding: gzip'], ['Transfer-Encoding: gzip, chunked'], ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']))}1\r\nx\r\n0\r\n\r\n`,
      ...maybeEnd(dice),
    ),
  'broken chunks': (dice) =>
    to(
      dice,
      head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') + dice.mutated('5\r\nhello\r\n0\r\n\r\n', 5),
      ...maybeEnd(dice),
    ),
  'switches nobody asked for': (dice) =>
    to(dice, SWITCHING.replace('websocket', dice.of('websocket', 'h2c', 'x')) + dice.bytes(dice.size(50))),
  'informational without an end': (dice) =>
    to(
      dice,
      head(`HTTP/1.1 ${dice.of('100 Continue', '103 Early Hints', '102 Processing')}`, 'Link: </x>').repeat(
        dice.size(300) + 1,
      ),
      ...maybeEnd(dice),
    ),
  'many lines': (dice) =>
    to(
      dice,
      head('HTTP/1.1 200 OK', ...Array.from({ length: dice.size(4_000) }, (_, i) => `X: ${i}`), 'Content-Length: 0'),
    ),
  'long line': (dice) =>
    to(
      dice,
      head('HTTP/1.1 200 OK', `X: ${dice.of('x', ' ', ' y', '\t').repeat(dice.size(40_000))}`, 'Content-Length: 0'),
    ),
  'end or reset': (dice) => to(dice, OK.slice(0, dice.size(OK.length)), dice.of<Step>({ end: true }, { reset: true })),
  silence: (dice) => to(dice, dice.of('', 'H', 'HTTP/1.1 200 OK\r\n')),
  'two answers': (dice) => to(dice, OK + dice.of(OK, 'x', '\r\n', SWITCHING, OK.repeat(20))),
  'two answers, one late': (dice) => to(dice, OK, { wait: dice.size(20) }, { send: OK }),
  'event streams': (dice) =>
    to(
      dice,
      head(
        'HTTP/1.1 200 OK',
        'Content-Type: text/event-stream',
        dice.of('X: y', 'Content-Length: 30', 'Transfer-Encoding: chunked'),
      ) + dice.of(dice.syntax(dice.size(500)), 'data: x\n\n'.repeat(20)),
      ...maybeEnd(dice),
    ),
  'hop by hop': (dice) =>
    to(
      dice,
      head(
        'HTTP/1.1 200 OK',
        `Connection: ${dice.of('close', 'x', 'content-length', 'a,'.repeat(5_000), 'upgrade')}`,
        'X: y',
        'Content-Length: 0',
      ),
    ),
  'before the request has come': (dice) => ({
    client: [
      { send: `POST ${GET.slice(4).replace('Host: x', 'Host: x\r\nContent-Length: 100000')}` },
      { send: 'x'.repeat(1_000), times: dice.size(100) },
    ],
    node: [{ send: OK }, ...maybeEnd(dice)],
  }),
  'without an end': (dice) =>
    to(dice, 'HTTP/1.0 200 OK\r\n\r\n', { send: 'x'.repeat(10_000), times: dice.size(200) }, ...maybeEnd(dice)),
};
