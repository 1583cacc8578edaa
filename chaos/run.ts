import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WsClusterError } from '@wscluster/ring';
import { Crowd } from '../test/e2e/support/crowd.ts';
import { System, type SystemOptions } from '../test/e2e/support/system.ts';
import type { Brokers } from './brokers.ts';
import { check } from './check/check.ts';
import { API_CHANGES } from './faults/api-changes.ts';
import { brokerFaults } from './faults/broker-faults.ts';
import type { FaultKind } from './faults/fault-kind.ts';
import { jumpingClock, MACHINE_FAULTS } from './faults/machine-faults.ts';
import { PROCESS_FAULTS } from './faults/process-faults.ts';
import { STATE_FAULTS } from './faults/state-faults.ts';
import { Health } from './health.ts';
import type { History, Violation } from './history.ts';
import { seededRandom } from './random.ts';
import { Recorder } from './recorder.ts';
import { playRound } from './round.ts';
import { nextRound } from './schedule.ts';
import { settle } from './settle.ts';
import { chaosClient } from './talk.ts';

export interface ChaosOptions {
  readonly seed: number;
  /** No round begins after this time, from when the system has settled first. */
  readonly milliseconds: number;
  readonly clients: number;
  /** Only faults with these scopes, or whose names begin so; default: all. */
  readonly only?: readonly string[] | undefined;
  /** Default: the embedded bus and store, with one controller instead of two. */
  readonly brokers?: Brokers | undefined;
  /** Ends the run as soon as the faults under way are healed; what it has found until then still counts. */
  readonly signal?: AbortSignal;
  /** Told about each round when it is over. */
  readonly onRound?: (round: { readonly number: number; readonly history: History }) => void;
}

export interface ChaosResult {
  readonly rounds: number;
  readonly history: History;
  /** Empty: every promise was kept. */
  readonly violations: readonly Violation[];
  /** The last log lines from warn upwards, by process. */
  readonly warnings: Readonly<Record<string, readonly string[]>>;
}

const NODE = fileURLToPath(new URL('./node/main.ts', import.meta.url));
const NODES = 4;
/** Moves a second: with 100 clients, a change takes some seconds, in which faults happen. */
const PACE = 5;
/** From the last fault of a round until everything is as it should be; no measure of speed, as in tests. */
const SETTLE_MS = 180_000;
/** Rings, and what follows from them, are seen a little late. */
const LAST_LOOK_MS = 500;

/**
 * Rounds of overlapping faults, chosen by the seed, each followed by a time to settle. Ends at the first violation.
 * Rejects with CONFIG_INVALID if `only` means no fault.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { brokers, signal } = options;
  const kinds = kindsOf(options);
  const settings: SystemOptions = {
    ...{ nodes: NODES, gateways: 2, command: [process.execPath, NODE] },
    rebalance: { mode: 'migrate', onLost: 'redial', maxConnectionsPerSecond: PACE },
    name: `chaos-${options.seed}`,
    controllerEnv: jumpingClock(),
    ...(brokers === undefined
      ? { controllers: 1 }
      : { controllers: 2, brokers: { rabbitmqUrl: brokers.rabbitmq.url, redisUrl: brokers.redis.url } }),
  };
  const system = await System.start(settings, signal);
  try {
    const crowd = await Crowd.connect(system, options.clients, { client: chaosClient, signal });
    try {
      await brokers?.snapshot.take();
      return await play(system, crowd, kinds, options);
    } finally {
      crowd.stop();
    }
  } finally {
    await system.stop();
  }
}

async function play(
  system: System,
  crowd: Crowd,
  kinds: readonly FaultKind[],
  { seed, milliseconds, onRound, signal = new AbortController().signal }: ChaosOptions,
): Promise<ChaosResult> {
  const random = seededRandom(seed);
  const recorder = new Recorder(system, crowd, PACE);
  const health = new Health(system);
  const violations: Violation[] = [];
  const failed = (error: Error): undefined => {
    if (!signal.aborted) violations.push({ rule: 'settles', at: performance.now(), detail: error.message });
  };
  let rounds = 0;
  try {
    await settle({ system, crowd, signal, deadlineMs: SETTLE_MS });
    // A busy machine takes its time until here, and there is to be a round.
    const end = performance.now() + milliseconds;
    while (violations.length === 0 && performance.now() < end) {
      await playRound(nextRound(random, kinds), { system, recorder, ended: health.ended, violations, signal });
      const cluster = await settle({ system, crowd, signal, deadlineMs: SETTLE_MS }).catch(failed);
      if (signal.aborted) break;
      if (cluster !== undefined) recorder.sawSettled(cluster);
      rounds++;
      await delay(LAST_LOOK_MS);
      // Ctrl-C also reaches the processes, and one that ends is not to be missed.
      if (signal.aborted) break;
      violations.push(...health.look(), ...check(recorder.history()));
      onRound?.({ number: rounds, history: recorder.history() });
    }
    if (violations.length === 0 && !signal.aborted) await crowd.quiet(signal).catch(failed);
    return { rounds, history: recorder.history(), violations, warnings: warnings(system) };
  } finally {
    await recorder.stop();
  }
}

function kindsOf({ brokers, only }: ChaosOptions): FaultKind[] {
  const all = [
    ...PROCESS_FAULTS,
    ...MACHINE_FAULTS,
    ...API_CHANGES,
    ...(brokers === undefined ? STATE_FAULTS : brokerFaults(brokers)),
  ];
  if (only === undefined) return all;
  const isMeant = (word: string, { scope, name }: FaultKind) =>
    word === scope || (word !== '' && name.startsWith(word));
  const unknown = only.find((word) => !all.some((kind) => isMeant(word, kind)));
  if (unknown === undefined) return all.filter((kind) => only.some((word) => isMeant(word, kind)));
  const known = [...new Set(all.map(({ scope }) => scope)), ...all.map(({ name }) => name)].join(', ');
  throw new WsClusterError('CONFIG_INVALID', `no fault is called "${unknown}", but ${known}`, { field: 'only' });
}

function warnings(system: System): Record<string, string[]> {
  const processes = [
    ...system.controllers.map(({ process }, index) => [`controller-${index + 1}`, process] as const),
    ...system.gateways.map(({ id, process }) => [id, process] as const),
  ];
  return Object.fromEntries(
    processes.map(([name, { lines }]) => [
      name,
      lines
        // Refused requests are many, and follow from the rest.
        .filter(({ level, event }) => ['warn', 'error', 'fatal'].includes(level) && event !== 'request-refused')
        .slice(-8)
        .map((line) => JSON.stringify(line)),
    ]),
  );
}
