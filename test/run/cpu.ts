import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Clock ticks in a second: Linux tells programs 100, whatever its own clock. */
const TICKS = 100;

/** Seconds of CPU of a process and of its children that have ended; undefined once it is gone, and without a /proc. */
export function cpuSecondsOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS;
  } catch {
    return undefined;
  }
}

/** Seconds for which the processors of this machine were busy since it started, with whatever. */
export function busySeconds(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
}
