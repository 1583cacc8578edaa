import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { pick } from '../random.ts';
import type { FaultKind } from './fault-kind.ts';

const HOUR_MS = 3_600_000;
const clock = fileURLToPath(new URL('../../test/e2e/support/jumping-clock.mjs', import.meta.url));

/** The environment of controllers whose clocks jump by an hour: forward, back to an hour behind, and right again. */
export function jumpingClock(): Record<string, string> {
  const { NODE_OPTIONS = '' } = process.env;
  return { NODE_OPTIONS: `${NODE_OPTIONS} --import=${clock}`, WSC_JUMP_MS: [HOUR_MS, -2 * HOUR_MS, HOUR_MS].join() };
}

/** Files of a process take so many bytes from now on. The size limit of the system stands for the disk. */
function limitFiles(pid: number, bytes: '0' | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);
}

const diskFull: FaultKind = {
  name: 'disk full',
  scope: 'disk',
  async inject({ system, dice, begin, lasts }) {
    const controller = pick(system.controllers, dice);
    const { process } = controller;
    // One that starts meanwhile ends, with a line that says why; nobody here would start it again.
    if (process.ended || !process.lines.some(({ event }) => event === 'started')) return;
    begin(`controller-${system.controllers.indexOf(controller) + 1}`);
    limitFiles(process.pid, '0');
    await lasts();
    // One that has ended meanwhile has a successor without the limit.
    if (!process.ended) limitFiles(process.pid, 'unlimited');
  },
};

const clockJump: FaultKind = {
  name: 'clock jumped',
  scope: 'clock',
  async inject({ system, dice, begin }) {
    const controller = pick(system.controllers, dice);
    // The signal would end a process that does not listen for it yet.
    if (controller.process.lines.length === 0) return;
    begin(`controller-${system.controllers.indexOf(controller) + 1}`);
    controller.process.signal('SIGUSR2');
  },
};

/** Faults of a controller's machine. Clocks jump if controllers have the environment of `jumpingClock`. */
export const MACHINE_FAULTS: readonly FaultKind[] = [diskFull, clockJump];
