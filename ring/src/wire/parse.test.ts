import { describe, expect, test } from 'vitest';
import type { Member } from '../member.ts';
import { createRing, SLOTS } from '../ring.ts';
import type { Heartbeat, Leave, Report, ReportChange, RingMessage } from './messages.ts';
import { parseBroadcast, parseRingMessage, parseUplink } from './parse.ts';
import { decodeRing, encodeRing } from './ring-codec.ts';
import { settingsDigest } from './settings.ts';

const member = (ringId: number, more: Partial<Member> = {}): Member => ({
  ringId,
  nodeId: `node-${ringId}`,
  address: `10.0.0.${ringId}:8080`,
  weight: 1,
  state: 'ready',
  ...more,
});

const revision = { epoch: 3, version: 7 };
const release = { movableUpTo: { epoch: 3, version: 6 }, spreadMs: 1000, maxPerSecond: 500 };
const settings = { routes: [{ path: '/connect/{userId}', key: { param: 'userId' } }] };
const ring = createRing(
  revision,
  [member(0), member(1, { weight: 2.5, state: 'draining' }), member(1, { nodeId: 'node-1b' })],
  new Uint16Array(SLOTS).map((_, slot) => slot % 3),
);
const vacancies = [{ ringId: 9, nodeId: 'lost', weight: 1, managed: true, since: 1_700_000_000_000 }];
const message: RingMessage = encodeRing(ring, { cluster: 'chat', release, settings, vacancies });
const heartbeat: Heartbeat = {
  wire: 1,
  type: 'heartbeat',
  cluster: 'chat',
  revision,
  digest: ring.digest,
  settingsDigest: settingsDigest(settings),
  release,
};
const report: Report = {
  wire: 1,
  type: 'report',
  cluster: 'chat',
  gateway: 'gw-1',
  address: '127.0.0.1:80',
  applied: revision,
  connections: '',
  connectionsByNode: { 'node-1': 3 },
  moved: 0,
};
const reportChange: ReportChange = {
  wire: 1,
  type: 'report-change',
  cluster: 'chat',
  gateway: 'gw-1',
  address: '127.0.0.1:80',
  applied: revision,
  id: { run: 'a', number: 7 },
  moved: 0,
  connectionsByNode: { 'node-1': 0 },
};
const leave: Leave = { wire: 1, type: 'leave', cluster: 'chat', gateway: 'gw-1' };

const refused = (field: string, messagePattern = /./) =>
  expect.objectContaining({
    name: 'WsClusterError',
    code: 'MESSAGE_INVALID',
    field,
    message: expect.stringMatching(messagePattern),
  });

/** The message as text, with the value at a dotted path replaced; undefined removes it. */
function textWith(base: object, path: string, value: unknown): string {
  const copy = structuredClone(base) as Record<string, unknown>;
  const steps = path.split('.');
  const last = steps.pop() ?? '';
  const parent = steps.reduce((at, step) => at[step] as Record<string, unknown>, copy);
  parent[last] = value;
  return JSON.stringify(copy);
}

describe('a published ring', () => {
  test('comes back as it was through JSON', () => {
    const parsed = parseRingMessage(JSON.stringify(message));
    expect(parsed).toEqual(message);
    expect(parseBroadcast(JSON.stringify(message))).toEqual(message);
    const decoded = decodeRing(parsed);
    expect(decoded.revision).toEqual(ring.revision);
    expect(decoded.members).toEqual(ring.members);
    expect(decoded.digest).toBe(ring.digest);
    expect(Buffer.from(decoded.table.buffer).equals(Buffer.from(ring.table.buffer))).toBe(true);
  });

  test('has no vacancies when it names none', () => {
    expect(parseRingMessage(textWith(message, 'vacancies', undefined)).vacancies).toEqual([]);
    expect(encodeRing(ring, { cluster: 'chat', release, settings }).vacancies).toEqual([]);
  });

  test.each([
    ['cluster', ''],
    ['revision', undefined],
    ['revision.epoch', -1],
    ['revision.version', 1.5],
    ['release.movableUpTo.version', '6'],
    ['release.spreadMs', null],
    ['members', {}],
    ['members.0.ringId', 0xffff],
    ['members.1.weight', 0],
    ['members.2.address', 'nowhere'],
    ['members.2.nodeId', 'node-1'],
    ['members.1.state', 'gone'],
    ['table', 7],
    ['digest', 'abc'],
    ['settings.routes.0.path', 'connect'],
    ['settings.routes.0.key', { param: 'userId', query: 'userId' }],
    ['settingsDigest', undefined],
    ['vacancies.0.managed', 'yes'],
  ])('with a damaged %s is refused by that name', (field, value) => {
    const text = textWith(message, field, value);
    expect(() => parseRingMessage(text)).toThrow(refused(field, new RegExp(`^${field}: `)));
    expect(() => parseBroadcast(text)).toThrow(refused(field));
  });

  test('whose members or table were changed on the way is refused by its digest', () => {
    const other = createRing(revision, ring.members, new Uint16Array(SLOTS));
    const changes = { table: encodeRing(other, { cluster: 'chat', release, settings }).table, 'members.0.weight': 3 };
    for (const [path, value] of Object.entries(changes))
      expect(() => decodeRing(parseRingMessage(textWith(message, path, value)))).toThrow(refused('digest'));
  });

  test('whose table names a member that it does not have is refused', () => {
    const text = textWith(message, 'members', ring.members.slice(0, 2));
    expect(() => decodeRing(parseRingMessage(text))).toThrow(refused('table', /slot 2 names member 2 of only 2/));
  });

  test('whose settings were changed on the way is refused by their digest', () => {
    const text = textWith(message, 'settings.routes.0.path', '/other/{userId}');
    expect(() => parseBroadcast(text)).toThrow(refused('settingsDigest'));
    expect(() => parseRingMessage(text)).toThrow(refused('settingsDigest'));
  });

  test('of a newer version is understood: unknown fields are ignored at every level', () => {
    const newer = structuredClone(message) as Record<string, unknown> & RingMessage;
    newer.compression = 'zstd';
    Object.assign(newer.revision, { term: 1 });
    Object.assign(newer.members[0] ?? {}, { zone: 'a' });
    Object.assign(newer.settings, { quotas: { connections: 10 } });
    Object.assign(newer.settings.routes[0] ?? {}, { priority: 1 });
    newer.settingsDigest = settingsDigest(newer.settings);
    const parsed = parseBroadcast(JSON.stringify(newer));
    expect(parsed).toEqual({ ...message, settingsDigest: newer.settingsDigest });
    expect(decodeRing(parsed as RingMessage).digest).toBe(ring.digest);
  });
});

describe('any message', () => {
  test.each([
    ['a ring', message, parseBroadcast],
    ['a heartbeat', heartbeat, parseBroadcast],
    ['a report', report, parseUplink],
    ['a heartbeat that asks', { ...heartbeat, reporting: { wholeOf: ['gw-1'], spreadMs: 50 } }, parseBroadcast],
    [
      'one that asks for load',
      { ...heartbeat, reporting: { wholeOf: [], spreadMs: 50, load: 'bytes' } },
      parseBroadcast,
    ],
    ['a change of a report', reportChange, parseUplink],
    ['a report with load', { ...reportChange, load: { measure: 'messages', slots: 'AQU=' } }, parseUplink],
    ['a report with its id', { ...report, id: { run: 'a', number: 6 } }, parseUplink],
    ['a report without connections', { ...report, connections: undefined }, parseUplink],
    ['a leave', leave, parseUplink],
  ])('comes back through JSON: %s', (_what, sent, parse) => {
    expect(parse(JSON.stringify(sent))).toEqual(sent);
    expect(parse(textWith(sent, 'later', { field: 1 }))).toEqual(sent);
  });

  test('a load that only newer controllers know is not asked for', () => {
    const asking = { ...heartbeat, reporting: { wholeOf: [], spreadMs: 50 } };
    expect(parseBroadcast(textWith(asking, 'reporting.load', 'joules'))).toEqual(asking);
  });

  test.each([
    ['a heartbeat', heartbeat, parseBroadcast, 'release.maxPerSecond', -1],
    ['a heartbeat', heartbeat, parseBroadcast, 'digest', 'ABC'],
    ['a heartbeat', heartbeat, parseBroadcast, 'type', 'report'],
    ['a report', report, parseUplink, 'applied.epoch', '3'],
    ['a report', report, parseUplink, 'connectionsByNode.node-1', -3],
    ['a report', report, parseUplink, 'connections', 5],
    ['a report', report, parseUplink, 'type', 'ring'],
    ['a change of a report', reportChange, parseUplink, 'id', undefined],
    ['a change of a report', reportChange, parseUplink, 'id.number', -1],
    ['a heartbeat', heartbeat, parseBroadcast, 'reporting', 5],
    ['a leave', leave, parseUplink, 'gateway', ''],
  ])('of a damaged field is refused by its name: %s', (_what, sent, parse, field, value) => {
    expect(() => parse(textWith(sent, field, value))).toThrow(refused(field));
  });

  test('of another wire format says so, whatever else it holds', () => {
    const text = JSON.stringify({ wire: 2, kind: 'something new' });
    for (const parse of [parseBroadcast, parseUplink, parseRingMessage])
      expect(() => parse(text)).toThrow(refused('wire', /sender uses wire format 2, this process 1/));
  });

  test.each(['', '{', 'null', '[]', '"ring"', '{}', '{"wire":"1"}', '{"wire":1}'])(
    'is refused when it is %j',
    (text) => {
      for (const parse of [parseBroadcast, parseUplink, parseRingMessage])
        expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'MESSAGE_INVALID' }));
    },
  );

  test('that was cut anywhere is refused', () => {
    const text = JSON.stringify(message);
    for (let length = 0; length < text.length; length += 97)
      expect(() => parseBroadcast(text.slice(0, length))).toThrow(/not JSON/);
  });
});
