import type { IncomingMessage } from 'node:http';
import { compileRoutes } from '@wscluster/ring';
import { describe, expect, it } from 'vitest';
import { requestHeaders } from '../http/owner-request.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { composeUpgrade } from '../relay/upgrade-request.ts';
import { ownerHeaders } from '../route/owner-headers.ts';
import { normalizeTarget } from '../route/target.ts';
import { TrustedProxies } from '../route/trusted-proxies.ts';
import { checkHead } from './check-head.ts';

const BYTES = DEFAULT_LIMITS.maxHeaderBytes;
const ROUTER = compileRoutes([
  { path: '/send', key: { query: 'k' } },
  { path: '/by-cookie', key: { cookie: 'k' } },
  { path: '/by-subprotocol', key: { subprotocol: { prefix: 'k.', remove: true } } },
]);
const TRUSTED = new TrustedProxies(['127.0.0.0/8', '10.0.0.0/8']);
/** Milliseconds of the event loop that a head may cost. */
const MOST_MS = 2;

/** A request as Node hands it over. */
function request(url: string, lines: ReadonlyArray<readonly [string, string]>): IncomingMessage {
  const all = [['Host', 'x'], ...lines];
  const headers: Record<string, string> = {};
  for (const [name = '', value = ''] of all) {
    const lower = name.toLowerCase();
    headers[lower] = headers[lower] === undefined ? value : `${headers[lower]}, ${value}`;
  }
  const socket = { remoteAddress: '127.0.0.1' };
  return {
    url,
    method: 'GET',
    httpVersionMinor: 1,
    headers,
    rawHeaders: all.flat(),
    socket,
  } as unknown as IncomingMessage;
}

/** All that the gateway does with a head before it writes to a node, in ms; the best of several times. */
function cost(make: () => IncomingMessage): number {
  let best = Number.POSITIVE_INFINITY;
  for (let time = 0; time < 20; time++) {
    const req = make();
    const start = performance.now();
    try {
      checkHead(req, DEFAULT_LIMITS);
      normalizeTarget(req);
      const { choice, subprotocol } = ROUTER.route(req, 'websocket');
      const key = choice.kind === 'key' ? choice.key : '';
      const revision = { epoch: 1, version: 1 };
      const added = ownerHeaders(req, { key, revision, requestId: 'id', trusted: TRUSTED });
      requestHeaders(req, added);
      composeUpgrade(req, added, { subprotocol, portable: true });
    } catch {
      // Refused heads must be as cheap.
    }
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

/** As many copies as fit into the header lines that are left. */
const filled = (text: string, bytes = BYTES - 200) => text.repeat(Math.floor(bytes / text.length));
const manyLines = (count: number, value: string) =>
  Array.from({ length: count }, (_, i): [string, string] => [`X-${i}`, value]);

describe('a head', () => {
  it.each<[string, () => IncomingMessage]>([
    ['of many tokens in Connection', () => request('/send?k=a', [['Connection', filled('a,')], ...manyLines(90, 'x')])],
    ['of 100 tokens in Connection', () => request('/send?k=a', [['Connection', filled(`${'a'.repeat(140)},`)]])],
    ['of as many lines as may be', () => request('/send?k=a', manyLines(98, 'x'.repeat(140)))],
    ['of more lines than may be', () => request('/send?k=a', manyLines(1_001, 'x'))],
    ['of one long line', () => request('/send?k=a', [['X', filled('x')]])],
    ['of many cookies', () => request('/by-cookie', [['Cookie', `${filled('a;')}k=1`]])],
    ['of many cookies without an end', () => request('/by-cookie', [['Cookie', `${filled(' ')}k=1`]])],
    ['of many subprotocols', () => request('/by-subprotocol', [['Sec-WebSocket-Protocol', `${filled('a,')}k.1`]])],
    ['of many keys', () => request('/by-subprotocol', [['Sec-WebSocket-Protocol', filled('k.1,')]])],
    ['of many parameters', () => request(`/send?${filled('&', 4_000)}k=1`, [])],
    ['of many broken escapes', () => request(`/send?${filled('%&', 4_000)}k=1`, [])],
    ['of many escapes that are no UTF-8', () => request(`/send?${filled('%ff&', 4_000)}k=1`, [])],
    ['of a long key', () => request(`/send?k=${filled('%61', 3_000)}`, [])],
    ['of many segments', () => request(filled('/', 4_000), [])],
    ['of many dots', () => request(filled('/.x', 4_000), [])],
    ['of many trusted addresses', () => request('/send?k=a', [['X-Forwarded-For', filled('10.0.0.1,')]])],
    [
      'of many trusted addresses and a long host',
      () =>
        request('/send?k=a', [
          ['X-Forwarded-For', filled('10.0.0.1,', BYTES / 2 - 200)],
          ['X-Forwarded-Host', filled('x', BYTES / 2 - 200)],
        ]),
    ],
    ['of many elements in Forwarded', () => request('/send?k=a', [['Forwarded', filled('for=a,')]])],
    ['of a broken Forwarded', () => request('/send?k=a', [['Forwarded', `${filled('for="\\')}`]])],
    ['of blanks in Forwarded', () => request('/send?k=a', [['Forwarded', `for=a${filled(' ')}x`]])],
    ['of many underscores', () => request('/send?k=a', [[filled('x_'), 'x']])],
  ])(`%s costs at most ${MOST_MS} ms`, (_what, make) => {
    expect(cost(make)).toBeLessThan(MOST_MS);
  });
});
