import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/**
 * The processes of a process group that still run, by pid. Those that have ended and wait for their parent do not
 * count.
 */
export function processGroup(id: number): number[] {
  return process.platform === 'linux' ? groupFromProc(id) : groupFromPs(id);
}

/**
 * The processes that were started with an environment variable whose value begins with `prefix`, where this process may
 * look: its value and process group by pid. Undefined where the system does not tell: only Linux does.
 */
export function processesWith(
  variable: string,
  prefix: string,
): ReadonlyMap<number, { readonly value: string; readonly group: number }> | undefined {
  if (process.platform !== 'linux') return undefined;
  const found = new Map<number, { value: string; group: number }>();
  for (const pid of allPids()) {
    const value = environmentOf(pid)?.get(variable);
    const group = value?.startsWith(prefix) ? liveGroupOf(pid) : undefined;
    if (value !== undefined && group !== undefined) found.set(pid, { value, group });
  }
  return found;
}

function groupFromProc(id: number): number[] {
  return allPids().filter((pid) => liveGroupOf(pid) === id);
}

function groupFromPs(id: number): number[] {
  try {
    return execFileSync('ps', ['-A', '-o', 'pid=,pgid=,stat='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, group, state = 'Z']) => Number(group) === id && !state.startsWith('Z'))
      .map(([pid]) => Number(pid));
  } catch {
    return [];
  }
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Undefined if it has ended. */
function liveGroupOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // As in processIdentity: the fields after the program's name.
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : Number(group);
  } catch {
    return undefined;
  }
}

/** Undefined for processes of others, and for those that have ended. */
function environmentOf(pid: number): ReadonlyMap<string, string> | undefined {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return new Map(
      entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)] as const),
    );
  } catch {
    return undefined;
  }
}
