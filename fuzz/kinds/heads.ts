import { CASE_KEY, type Dice, inPieces, type Kind } from '../case.ts';
import { GET, head, OK, PATH, post, UPGRADE } from '../requests.ts';

const answered = (dice: Dice, text: string) => ({ client: inPieces(dice, text), node: [{ send: OK }] });
const line = (dice: Dice, value: string) =>
  head(
    `GET ${PATH} HTTP/1.1`,
    'Host: x',
    `${dice.of('X', 'Cookie', 'Te', 'Forwarded', 'X-Forwarded-For', 'Upgrade')}: ${value}`,
  );

/** What clients send instead of the head of a request. */
export const HEADS: Readonly<Record<string, Kind>> = {
  bytes: (dice) => answered(dice, dice.bytes(dice.size(2_000))),
  syntax: (dice) => answered(dice, `${dice.of('GET ', '')}${dice.syntax(dice.size(500))}\r\n\r\n`),
  'mutated request': (dice) => answered(dice, dice.mutated(GET, 8)),
  'mutated upgrade': (dice) => answered(dice, dice.mutated(UPGRADE, 8)),
  'many lines': (dice) => {
    const lines = Array.from(
      { length: dice.size(3_000) },
      (_, i) => `${dice.of('X', `X-${i}`, 'Cookie', 'Host')}: ${i}`,
    );
    return answered(dice, head(`GET ${PATH} HTTP/1.1`, 'Host: x', ...lines));
  },
  'long line': (dice) =>
    answered(dice, line(dice, dice.of('x', 'a,', ' ', '10.0.0.1,', 'for=a;').repeat(dice.size(30_000)))),
  'Connection of many tokens': (dice) =>
    answered(
      dice,
      head(
        `GET ${PATH} HTTP/1.1`,
        'Host: x',
        `Connection: ${'a, '.repeat(dice.size(8_000))}${dice.of('close', 'upgrade', 'host', 'x')}`,
      ),
    ),
  Hosts: (dice) => {
    const hosts = Array.from(
      { length: dice.int(0, 3) },
      () => `Host: ${dice.of('x', '', 'a b', '[::1]:1', '@', dice.syntax(5).replace(/[\r\n]/g, ''))}`,
    );
    return answered(dice, head(`GET ${PATH} HTTP/1.1`, ...hosts));
  },
  targets: (dice) => {
    const odd = dice.syntax(dice.size(60)).replace(/[\r\n ]/g, '');
    const target = dice.of(
      `/${odd}`,
      `//${odd}`,
      `http://${odd}`,
      `http://x/connect/${CASE_KEY}${odd}`,
      odd,
      `${PATH}&${odd}`,
      `/connect/${odd}`,
    );
    return answered(
      dice,
      head(`${dice.of('GET', 'POST', 'OPTIONS', 'HEAD')} ${target} HTTP/1.${dice.int(0, 1)}`, 'Host: x'),
    );
  },
  methods: (dice) => {
    const method = dice.of(
      'CONNECT',
      'OPTIONS',
      'TRACE',
      'PRI',
      'get',
      'M-SEARCH',
      'QUERY',
      'DELETE',
      'X'.repeat(dice.size(2_000)),
    );
    const target = dice.of('*', PATH, 'example.org:443', '/');
    return answered(
      dice,
      head(`${method} ${target} HTTP/${dice.of('1.1', '1.0', '2.0', '0.9', '1.2', '9'.repeat(30))}`, 'Host: x'),
    );
  },
  'no end': (dice) => ({
    client: [...inPieces(dice, dice.of(GET, UPGRADE).slice(0, -dice.int(1, 30))), { wait: dice.size(20) }],
    node: [],
  }),
  pipelined: (dice) => {
    const requests = Array.from({ length: dice.size(60) + 2 }, () =>
      dice.of(GET, `${post('Content-Length: 4')}\r\n\r\n`, head(`HEAD ${PATH} HTTP/1.1`, 'Host: x')),
    );
    return { client: inPieces(dice, requests.join('')), node: [{ send: OK, times: dice.size(60) + 1 }] };
  },
  'pipelined by thousands': (dice) => ({
    client: [{ send: GET, times: dice.size(3_000) + 1 }],
    node: [{ send: OK }],
  }),
  'pipelined upgrade': (dice) => {
    const before = dice.of(GET, `${post('Content-Length: 3')}abc`, `${post('Transfer-Encoding: chunked')}0\r\n\r\n`);
    return {
      client: inPieces(dice, before + UPGRADE + dice.bytes(dice.size(50))),
      node: dice.of([{ send: OK }], [{ accept: 'plain' }], [{ wait: 5 }, { send: OK }]),
    };
  },
  'garbage behind': (dice) => answered(dice, dice.of(GET, UPGRADE) + dice.syntax(dice.size(300))),
  'reset behind': (dice) => ({ client: [{ send: dice.of(GET, UPGRADE) }, { reset: true }], node: [{ send: OK }] }),
  'end behind': (dice) => ({
    client: [{ send: dice.of(GET, UPGRADE, GET + GET) }, { end: true }],
    node: [{ wait: dice.size(10) }, { send: OK }],
  }),
  TLS: (dice) => answered(dice, `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${dice.bytes(200)}`),
  'bare line ends and folds': (dice) =>
    answered(dice, dice.of(GET, UPGRADE).replaceAll('\r\n', dice.of('\n', '\r', '\r\n ', '\r\n\t', '\r\r\n'))),
};
