import { setTimeout as delay } from 'node:timers/promises';
import type { Limits } from '@wscluster/gateway';
import type { Census } from '../test/gateway/support/gateway-messages.ts';
import { GatewayProcess } from '../test/gateway/support/gateway-process.ts';
import type { Case } from './case.ts';
import { ChangingRing } from './changing-ring.ts';
import { HonestClients } from './honest.ts';
import { startHonestNode } from './honest-node.ts';
import { playClient } from './hostile-client.ts';
import { startHostileNode } from './hostile-node.ts';
import type { Outcomes } from './outcomes.ts';
import { Patience } from './patience.ts';
import { Played } from './played.ts';

/** Short, so that what waits for them is soon over; far longer than a busy machine needs for an honest client. */
const LIMITS: Partial<Limits> = {
  connectMs: 15_000,
  answerMs: 15_000,
  httpAnswerMs: 15_000,
  bodySilenceMs: 10_000,
  requestMs: 12_000,
  requestHeadMs: 10_000,
  keepAliveMs: 2_000,
  stallMs: 4_000,
  ownerWaitMs: 100,
  messageGraceMs: 100,
  closeMs: 500,
  nodeCloseMs: 300,
  // Honest clients send whole messages, and honest nodes take their time only on a busy machine.
  holdMs: 300,
  releaseMs: 15_000,
  sweepMs: 100,
};
const HONEST_KEYS = Array.from({ length: 4 }, (_, i) => `honest-${i}`);
const HONEST_NODES = ['honest-a', 'honest-b'];
/** So many that the owner of a key can change again and again, and is another one each time. */
const HOSTILE_NODES = ['hostile-a', 'hostile-b', 'hostile-c', 'hostile-d', 'hostile-e'];
/** Everything that a case has opened is over by then: the limits, and the connections to nodes that are kept. */
const SETTLE_MS = 45_000;
/** Growth of memory that is not taken for a leak: the size to which pools and caches grow. */
const GROWTH_BYTES = 48 << 20;
/** Looks at the beginning and at the end that it is measured by. */
const MEASURED = 3;

export interface FuzzOptions {
  readonly cases: Iterable<Case>;
  /** Cases between two looks at what is left. */
  readonly lookEvery: number;
  /** Cases that are played at once. Most of a case is waiting for a limit. Default 48. */
  readonly atATime?: number;
  onLook?(look: Look): void;
}

export interface Look {
  readonly cases: number;
  readonly rssBytes: number;
  /** Of the honest clients' round trips since the last look, ms. */
  readonly medianMs: number;
  readonly worstMs: number;
  /** Longest delay of the gateway's event loop, ms. */
  readonly loopDelayMs: number;
}

export interface FuzzResult {
  readonly cases: number;
  /** What went wrong, in words; empty if nothing did. */
  readonly faults: readonly string[];
  /**
   * The cases that may have caused it, in the order in which they began: those under way, or those since the last look
   * if something was left behind.
   */
  readonly suspects: readonly Case[];
  /** The kinds of those that failed themselves; none if the fault is not a case's own. */
  readonly failedKinds: ReadonlySet<string>;
  readonly looks: readonly Look[];
  /** Of all migrations up to the last look. */
  readonly outcomes: Outcomes;
  /** Of those the ones of honest clients, as far as these have noticed. */
  readonly honestMoves: number;
}

/** Throws hostile cases at a gateway in a process of its own, beside honest clients, until one thing goes wrong. */
export async function runFuzz({ cases, lookEvery, atATime = 48, onLook }: FuzzOptions): Promise<FuzzResult> {
  const underWay = new Map<number, Played>();
  const honestNodes = await Promise.all(HONEST_NODES.map(startHonestNode));
  const hostileNodes = await Promise.all(HOSTILE_NODES.map((id) => startHostileNode(id, underWay)));
  const camps = { hostile: hostileNodes, honest: honestNodes };
  const ring = new ChangingRing(camps, HONEST_KEYS, (change) => gateway.broadcast(change));
  const gateway = await GatewayProcess.start(ring.message, LIMITS);
  const patience = new Patience([gateway.pid]);
  const honest = new HonestClients(gateway.port, patience, (key) => ring.move(key, 'on'));
  const faults: string[] = [];
  const failedKinds = new Set<string>();
  const looks: Look[] = [];
  let sinceLook: Case[] = [];
  let count = 0;
  let loopDelayMs = 0;
  let outcomes: Outcomes = {};
  let honestMoves = 0;

  const settled = async (before: Resting | undefined): Promise<Resting> => {
    await honest.pause();
    const deadline = patience.now + SETTLE_MS;
    for (;;) {
      const now = await rest(gateway);
      loopDelayMs = Math.max(loopDelayMs, now.loopDelayMs);
      outcomes = now.census.migrations;
      honestMoves = honest.moves;
      const left = before === undefined ? undefined : differences(before, now);
      if (left === undefined || patience.now > deadline) {
        faults.push(...now.census.errors);
        if (left !== undefined) faults.push(`left behind: ${left}`);
        honest.resume();
        return now;
      }
      await delay(250);
    }
  };
  const look = (resting: Resting) => {
    const times = honest.times.splice(0).sort((a, b) => a - b);
    const [medianMs, worstMs] = [times[times.length >> 1] ?? 0, times.at(-1) ?? 0];
    const taken = { cases: count, rssBytes: resting.census.rssBytes, medianMs, worstMs, loopDelayMs };
    loopDelayMs = 0;
    looks.push(taken);
    onLook?.(taken);
  };
  try {
    await honest.start(HONEST_KEYS);
    const before = await settled(undefined);
    const remaining = cases[Symbol.iterator]();
    for (let more = true; more && faults.length === 0; ) {
      const target = count + lookEvery;
      const from = count;
      sinceLook = [];
      const worker = async () => {
        while (count < target && faults.length === 0) {
          const { value, done } = remaining.next();
          if (done === true) {
            more = false;
            return;
          }
          const number = count++;
          const played = new Played(value, number, ring, patience);
          underWay.set(number, played);
          sinceLook.push(value);
          const fault = await playClient(gateway.port, played, patience);
          if (fault !== undefined) {
            faults.push(`${value.kind}: ${fault}`);
            failedKinds.add(value.kind);
          }
          faults.push(...honest.failures.splice(0));
          if (gateway.ended) faults.push('the gateway has ended');
          if (faults.length > 0) return;
          underWay.delete(number);
        }
      };
      await Promise.all(Array.from({ length: atATime }, worker));
      if (faults.length === 0 && count > from) look(await settled(before));
      const grown = growth(looks);
      if (grown > GROWTH_BYTES) faults.push(`memory grew by ${grown} bytes`);
    }
  } catch (error) {
    faults.push(String(error));
  } finally {
    await honest.stop();
    ring.stop();
    patience.stop();
    await gateway.kill();
    await Promise.all([...hostileNodes, ...honestNodes].map((node) => node.stop()));
  }
  const suspects = underWay.size > 0 ? [...underWay.values()].map(({ steps }) => steps) : sinceLook;
  return { cases: count, faults, suspects, failedKinds, looks, outcomes, honestMoves };
}

/**
 * From the most at the first looks, when pools and caches are full, to the least at the last ones: what is not a leak
 * comes and goes.
 */
function growth(looks: readonly Look[]): number {
  // Between fewer it would say nothing.
  if (looks.length < 2 * MEASURED) return 0;
  const bytes = looks.map(({ rssBytes }) => rssBytes);
  return Math.min(...bytes.slice(-MEASURED)) - Math.max(...bytes.slice(0, MEASURED));
}

/** What the gateway has while only the honest clients' WebSockets are open. */
interface Resting {
  readonly census: Census;
  readonly descriptors: number;
  readonly loopDelayMs: number;
}

async function rest(gateway: GatewayProcess): Promise<Resting> {
  // The collection stops the event loop itself.
  const { loopDelayMs } = await gateway.census({ collect: false });
  const census = await gateway.census({ collect: true });
  await gateway.census({ collect: false });
  return { census, descriptors: gateway.descriptors, loopDelayMs };
}

/** In words; undefined if there are none. */
function differences(before: Resting, now: Resting): string | undefined {
  const numbers = ({ census, descriptors }: Resting) => ({
    connections: census.connections,
    sockets: census.sockets,
    descriptors,
    listeners: census.processListeners,
    ...census.resources,
  });
  const [then, left] = [numbers(before), numbers(now)] as Record<string, number>[];
  const more = Object.entries(left ?? {}).filter(([what, number]) => number > (then?.[what] ?? 0));
  return more.length === 0
    ? undefined
    : more.map(([what, number]) => `${number} ${what}, not ${then?.[what] ?? 0}`).join('; ');
}
