import type { IncomingMessage } from 'node:http';
import { compileRoutes, MAX_HEADER_LINES } from '@wscluster/ring';
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
/**
 * Costs grow by TIMES if they are in proportion to the size, and by its square if a part is gone through for each part.
 */
const MOST_GROWTH = 2 * TIMES;
/** Processor time of the small heads together: Linux tells it in steps of up to 4 ms. */
const SMALL_MS = 30;
/** Of a head that costs so little that this many take less, what every head costs hides the growth. */
const MOST_ROUNDS = 1_500;
const WARM_ROUNDS = 5;
const LARGE = { headerBytes: 65_536, headerLines: MAX_HEADER_LINES, pathBytes: 65_536 };
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

/** This thread's processor time, in ms: a busy machine takes time from what is long, not from what is short. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** All that the gateway does with a head before it writes to a node. */
function handle(req: IncomingMessage): void {
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
}

const large = costlyHeads(LARGE);

/** Handles heads, each one anew, and returns how many there were and what they took in ms. */
function run(head: Head, goOn: (rounds: number, ms: number) => boolean): { rounds: number; ms: number } {
  let [rounds, ms] = [0, 0];
  while (goOn(rounds, ms)) {
    const req = request(head);
    const start = cpuMs();
    handle(req);
    ms += cpuMs() - start;
    rounds++;
  }
  return { rounds, ms };
}

it.each(Object.entries(costlyHeads(SMALL)))('a head full of %s costs time in proportion to its size', (what, small) => {
  const head = large[what] as Head;
  for (const one of [small, head]) run(one, (rounds) => rounds < WARM_ROUNDS);
  const { rounds, ms } = run(small, (rounds, ms) => ms < SMALL_MS && rounds < MOST_ROUNDS);
  expect(run(head, (done) => done < rounds).ms).toBeLessThan(MOST_GROWTH * Math.max(ms, SMALL_MS));
});
