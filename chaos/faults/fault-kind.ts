import type { LoggedProcess } from '../../test/e2e/support/processes.ts';
import type { System } from '../../test/e2e/support/system.ts';
import type { Fault } from '../history.ts';
import type { Recorder } from '../recorder.ts';
import type { Scope } from '../schedule.ts';

/** What a fault works with. */
export interface Injection {
  readonly system: System;
  readonly recorder: Recorder;
  /** Chooses the victim, from 0 up to but excluding 1. */
  readonly dice: number;
  /** Resolves when a fault that lasts is to be healed. */
  lasts(): Promise<unknown>;
  /** Records the fault, just before it happens. */
  begin(target: string, hits?: Partial<Pick<Fault, 'nodes' | 'gatewayPorts'>>): void;
  /** Records a promise that was not kept. */
  breaks(detail: string): void;
  /** A process that the fault ends: it is not missed. */
  ends(process: LoggedProcess): void;
}

export interface FaultKind {
  readonly name: string;
  readonly scope: Scope;
  /** Injects the fault and heals it. */
  inject(injection: Injection): Promise<void>;
}
