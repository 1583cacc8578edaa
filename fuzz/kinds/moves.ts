import { type Case, type Dice, type Kind, type Step, TOKEN } from '../case.ts';
import { head, UPGRADE, upgrade } from '../requests.ts';
import { frame } from './frames.ts';

const message = (dice: Dice, masked: boolean, most = 3_000) =>
  frame(dice, dice.of(0x81, 0x82), dice.bytes(dice.size(most)), masked);
const messages = (dice: Dice, masked: boolean): Step[] =>
  Array.from({ length: dice.int(0, 3) }, () => ({ send: message(dice, masked) }));
const part = (dice: Dice, masked: boolean): Step =>
  dice.chance(0.5)
    ? { send: message(dice, masked).slice(0, dice.int(1, 8)) }
    : { send: frame(dice, dice.of(0x01, 0x02), dice.bytes(10), masked) };
const ends = (dice: Dice): Step[] => dice.of<Step[]>([{ end: true }], [{ reset: true }]);
const says = (dice: Dice, first: 0x89 | 0x8a, what: string): Step => ({
  send: frame(dice, first, `wscluster:${what} ${TOKEN}`, false),
});
const close = (dice: Dice): Step => ({ send: dice.of('\x88\0', '\x88\x02\x03\xe8', '\x88\x02\x03\xf4') });

const MOVED: readonly Step[] = [{ move: 'on' }, { until: 'dialled' }];
/** A client that talks before, while and after it moves. */
const talking = (dice: Dice, request = UPGRADE): Step[] => [
  { send: request },
  { until: 'open' },
  ...messages(dice, true),
  ...MOVED,
  ...messages(dice, true),
  { until: 'left' },
  ...messages(dice, true),
];

const knows = (dice: Dice) => dice.of('plain', 'aware');
const accepts = (dice: Dice, how: 'plain' | 'aware' = knows(dice)): Step[] => [
  { accept: how },
  ...messages(dice, false),
];
/** Lets go as it should when it is asked. */
const letsGo = (dice: Dice, how: 'plain' | 'aware' = knows(dice), lines: readonly string[] = []): Step[] => {
  const state = [says(dice, 0x8a, 'state'), { send: frame(dice, 0x82, dice.bytes(dice.size(70_000)), false) }];
  return [
    { accept: how, lines },
    ...messages(dice, false),
    { until: 'asked' },
    ...messages(dice, false),
    ...(how === 'aware' && dice.chance(0.7) ? state : []),
    { send: '\x88\x02\x03\xe8' },
    ...dice.of<Step[]>([], [{ end: true }]),
  ];
};
/** Talks only once the connection is its own, if it knows when that is. */
const arrives = (dice: Dice, how: 'plain' | 'aware' = knows(dice)): Step[] => [
  { accept: how },
  ...(how === 'aware' ? [{ until: 'begun' } as const] : []),
  ...messages(dice, false),
];
const moving = (client: Case['client'], node: Case['node'], arrival: Case['node']) => ({ client, node, arrival });

/** Connections whose owner changes, between nodes and clients of which most do something wrong. */
export const MOVES: Readonly<Record<string, Kind>> = {
  'all is well': (dice) => moving(talking(dice), letsGo(dice), arrives(dice)),
  'again and again': (dice) => ({
    client: [...talking(dice), ...MOVED, { until: 'left' }, ...messages(dice, true), ...MOVED, { until: 'left' }],
    node: letsGo(dice),
  }),
  'while it is dialled': (dice) =>
    moving(
      [{ send: UPGRADE }, { move: 'on' }, { until: 'open' }, ...messages(dice, true)],
      [{ wait: dice.size(100) }, ...accepts(dice)],
      arrives(dice),
    ),
  'told to reconnect': (dice) =>
    moving(
      [
        ...talking(dice, upgrade(`WsCluster-Mode: ${dice.of('reconnect', 'reconnect', 'x')}`)),
        ...dice.of<Step[]>([], [{ send: frame(dice, 0x88, '\x03\xf4', true) }]),
      ],
      letsGo(dice),
      arrives(dice),
    ),
  'an extension': (dice) => {
    const chosen = () =>
      dice.of(
        'permessage-deflate',
        'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
        'permessage-deflate; client_no_context_takeover; server_no_context_takeover; server_max_window_bits=10',
        'x',
        dice.syntax(dice.size(40)).replace(/[\r\n]/g, ''),
      );
    const first = `Sec-WebSocket-Extensions: ${chosen()}`;
    const second = dice.chance(0.5) ? first : `Sec-WebSocket-Extensions: ${chosen()}`;
    return moving(
      talking(dice, upgrade(`Sec-WebSocket-Extensions: ${dice.of('permessage-deflate; client_max_window_bits', 'x')}`)),
      letsGo(dice, knows(dice), [first]),
      [{ accept: knows(dice), lines: [second] }, ...messages(dice, false)],
    );
  },
  refused: (dice) =>
    moving(talking(dice), letsGo(dice), [
      { send: dice.mutated(head('HTTP/1.1 503 Service Unavailable', 'Content-Length: 0'), 3) },
      ...ends(dice),
    ]),
  'nobody answers': (dice) =>
    moving(talking(dice), letsGo(dice), dice.of<Step[]>([], [{ wait: dice.size(50) }, ...ends(dice)])),
  'another 101': (dice) =>
    moving(talking(dice), letsGo(dice), [
      dice.chance(0.5)
        ? { accept: knows(dice), lines: ['Sec-WebSocket-Protocol: other'] }
        : { send: head('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Sec-WebSocket-Accept: x') },
      ...messages(dice, false),
    ]),
  'bytes behind the 101': (dice) =>
    moving(talking(dice), letsGo(dice), [
      { accept: knows(dice) },
      { send: dice.bytes(dice.size(3_000)), times: dice.size(100) + 1 },
      ...dice.of<Step[]>([], ends(dice)),
    ]),
  'the new owner ends': (dice) =>
    moving(
      talking(dice),
      [...accepts(dice), { until: 'asked' }, { wait: dice.size(100) }, close(dice)],
      [{ accept: knows(dice) }, { wait: dice.size(20) }, ...ends(dice)],
    ),
  'the old owner ends': (dice) =>
    moving(
      talking(dice),
      [
        ...accepts(dice),
        { until: dice.of('dialled', 'asked') },
        ...dice.of<Step[]>([], [part(dice, false)], messages(dice, false)),
        ...ends(dice),
      ],
      arrives(dice),
    ),
  'the old owner is lost': (dice) =>
    moving(
      [{ send: UPGRADE }, { until: 'open' }, ...dice.of<Step[]>([], [part(dice, true)]), { until: 'left' }, ...MOVED],
      [...accepts(dice), { wait: dice.size(30) }, ...ends(dice)],
      dice.of(arrives(dice), [{ send: head('HTTP/1.1 403 Forbidden', 'Content-Length: 0') }]),
    ),
  'the client ends': (dice) =>
    moving(
      [
        { send: UPGRADE },
        { until: 'open' },
        { move: 'on' },
        { until: dice.of('dialled', 'asked', 'left') },
        ...dice.of<Step[]>([], [part(dice, true)], [{ send: frame(dice, 0x88, '\x03\xe8', true) }]),
        ...ends(dice),
      ],
      letsGo(dice),
      arrives(dice),
    ),
  'the client is within a message': (dice) =>
    moving(
      [
        { send: UPGRADE },
        { until: 'open' },
        part(dice, true),
        ...MOVED,
        { wait: dice.size(500) },
        ...dice.of<Step[]>([{ until: 'left' }], ends(dice), messages(dice, true)),
      ],
      letsGo(dice),
      arrives(dice),
    ),
  'the node is within a message': (dice) =>
    moving(
      talking(dice),
      [
        { accept: knows(dice) },
        part(dice, false),
        { until: 'asked' },
        ...dice.of<Step[]>([], messages(dice, false)),
        close(dice),
      ],
      [{ accept: 'plain' }, part(dice, false)],
    ),
  'nothing is released': (dice) => moving(talking(dice), accepts(dice), arrives(dice)),
  'released wrongly': (dice) =>
    moving(
      talking(dice),
      [
        ...accepts(dice, 'aware'),
        ...dice.of<Step[]>([], [{ until: 'asked' }]),
        dice.of(
          says(dice, 0x8a, 'state'),
          says(dice, 0x89, 'state'),
          says(dice, 0x8a, 'release'),
          says(dice, 0x8a, dice.syntax(10)),
        ),
        ...messages(dice, false),
        dice.of<Step>(close(dice), { send: dice.bytes(20) }, { wait: 10 }),
      ],
      [
        { accept: 'aware' },
        ...dice.of<Step[]>([], [says(dice, 0x89, 'begin')], [says(dice, 0x8a, 'state')], messages(dice, false)),
      ],
    ),
  'a large state': (dice) =>
    moving(
      talking(dice),
      [
        ...accepts(dice, 'aware'),
        { until: 'asked' },
        says(dice, 0x8a, 'state'),
        // A frame of 1 MiB, which may be all of it, or too little or too much.
        { send: `${dice.of('\x82', '\x02', '\x80')}\x7f\0\0\0\0\0\x10\0\0` },
        { send: 'x'.repeat(65_536), times: dice.int(14, 17) },
        ...dice.of<Step[]>([], [close(dice)]),
      ],
      arrives(dice, 'aware'),
    ),
  'much is said meanwhile': (dice) => {
    const much = (masked: boolean): Step => ({ send: message(dice, masked, 60_000), times: dice.size(50) + 1 });
    return moving(
      [{ send: UPGRADE }, { until: 'open' }, { move: 'on' }, much(true), { until: 'left' }, much(true)],
      [{ accept: 'plain' }, much(false), { until: 'asked' }, much(false), close(dice)],
      [{ accept: 'plain' }, much(false)],
    );
  },
  'the owner is the old one again': (dice) => moving(talking(dice), letsGo(dice), [{ move: 'back' }, ...arrives(dice)]),
  'the owner changes all the time': (dice) => moving(talking(dice), letsGo(dice), [{ move: 'on' }, ...arrives(dice)]),
};
