import { readdirSync, readFileSync } from 'node:fs';

/** All processes of the machine. */
export function processes(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

export function childrenOf(pid: number): number[] {
  return processes().filter((child) => Number(statOf(`/proc/${child}`)?.[1]) === pid);
}

/** The processes of a process group. */
export function groupOf(id: number): number[] {
  return processes().filter((pid) => Number(statOf(`/proc/${pid}`)?.[2]) === id);
}

/**
 * Of a folder of a process or thread, the fields after its name, which is in brackets and may contain anything: state,
 * parent, process group and so on. Undefined if it has ended.
 */
export function statOf(folder: string): string[] | undefined {
  try {
    const stat = readFileSync(`${folder}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
