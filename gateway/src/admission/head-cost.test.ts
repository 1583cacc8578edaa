import type { IncomingMessage } from 'node:http';
import { compileRoutes } from '@wscluster/ring';
import { expect, it } from 'vitest';
import { requestHeaders } from '../http/owner-request.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { composeUpgrade } from '../relay/upgrade-request.ts';
import { ownerHeaders } from '../route/owner-headers.ts';
import { normalizeTarget } from '../route/target.ts';
import { TrustedProxies } from '../route/trusted-proxies.ts';
import { COSTLY_SETTINGS, costlyHeads, type Head } from '../testing/costly-heads.ts';
import { checkHead } from './check-head.ts';

const TIMES = 4;
/** Costs grow by TIMES if they are in proportion to the size, and by its square if a part is gone through for each part. */
const MOST_GROWTH = 2 * TIMES;
const ROUNDS = 40;
/** Below this, what every head costs hides the growth. */
const LEAST_MS = 0.02;
const LARGE = { headerBytes: 65_536, headerLines: 1_000, pathBytes: 65_536 };
const SMALL = {
  headerBytes: LARGE.headerBytes / TIMES,
  headerLines: LARGE.headerLines / TIMES,
  pathBytes: LARGE.pathBytes / TIMES,
};
const LIMITS = {
  ...DEFAULT_LIMITS,
  maxHeaderBytes: LARGE.headerBytes,
  maxHeaderLines: LARGE.headerLines,
  maxPathBytes: LARGE.pathBytes,
};
const ROUTER = compileRoutes(COSTLY_SETTINGS.routes);
const TRUSTED = new TrustedProxies(COSTLY_SETTINGS.trustedProxies ?? []);

/** A request as Node hands it over. */
function request({ url, lines }: Head): IncomingMessage {
  const all = [['Host', 'x'], ...lines];
  const headers: Record<string, string> = {};
  for (const [name = '', value = ''] of all) {
    const lower = name.toLowerCase();
    headers[lower] = headers[lower] === undefined ? value : `${headers[lower]}, ${value}`;
  }
  const socket = { remoteAddress: '127.0.0.1' };
  const rawHeaders = all.flat();
  return { url, method: 'GET', httpVersionMinor: 1, headers, rawHeaders, socket } as unknown as IncomingMessage;
}

/** Milliseconds of all that the gateway does with a head before it writes to a node. */
function cost(head: Head): number {
  const req = request(head);
  const start = performance.now();
  try {
    checkHead(req, LIMITS);
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
  return performance.now() - start;
}

const large = costlyHeads(LARGE);

it.each(Object.entries(costlyHeads(SMALL)))('a head full of %s costs time in proportion to its size', (what, small) => {
  let [least, leastOfLarge] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < ROUNDS; round++) {
    least = Math.min(least, cost(small));
    leastOfLarge = Math.min(leastOfLarge, cost(large[what] as Head));
  }
  expect(leastOfLarge).toBeLessThan(MOST_GROWTH * Math.max(least, LEAST_MS));
});
