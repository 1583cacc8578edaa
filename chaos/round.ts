import { setTimeout as delay } from 'node:timers/promises';
import type { LoggedProcess } from '../test/e2e/support/processes.ts';
import type { System } from '../test/e2e/support/system.ts';
import type { FaultKind } from './faults/fault-kind.ts';
import type { Fault, Violation } from './history.ts';
import type { Recorder } from './recorder.ts';
import type { Planned } from './schedule.ts';

export interface RoundOptions {
  readonly system: System;
  readonly recorder: Recorder;
  /** Processes that a fault has ended go here. */
  readonly ended: Set<LoggedProcess>;
  /** What the faults themselves find goes here. */
  readonly violations: Violation[];
  /** Heals all at once, and begins nothing more. */
  readonly signal: AbortSignal;
}

/** Injects the faults of a round, each at its time; resolves when all are healed. */
export async function playRound(planned: readonly Planned<FaultKind>[], options: RoundOptions): Promise<void> {
  await Promise.all(planned.map((one) => play(one, options)));
}

async function play(planned: Planned<FaultKind>, options: RoundOptions): Promise<void> {
  const { system, recorder, ended, violations, signal } = options;
  const { kind, afterMs, lastsMs, dice } = planned;
  const wait = (ms: number) => delay(ms, undefined, { signal }).catch(() => {});
  await wait(afterMs);
  if (signal.aborted) return;
  let fault: Fault | undefined;
  try {
    await kind.inject({
      ...{ system, recorder, dice },
      lasts: () => wait(lastsMs),
      begin: (target, { nodes = [], gatewayPorts = [] } = {}) => {
        fault = { kind: kind.name, target, from: performance.now(), nodes, gatewayPorts };
        recorder.faults.push(fault);
      },
      breaks: (detail) => {
        // Ctrl-C also reaches the processes that are to heal it.
        if (!signal.aborted) violations.push({ rule: kind.name, at: performance.now(), detail });
      },
      ends: (process) => ended.add(process),
    });
  } catch (error) {
    // A fault may miss: its victim ended a moment before.
    if (!['ESRCH', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    if (fault !== undefined) fault.until = performance.now();
  }
}
