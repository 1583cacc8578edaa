import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { childrenOf, processes } from '../process/children.ts';

const PATIENCE_MS = 2000;

/**
 * Waits until the shims of this containerd have ended, shortly after their containers are removed; each is the parent
 * of one container. If a shim does not end, because a crash made containerd forget the container, it is killed together
 * with the container.
 */
export async function shimsEnded(containerdSocket: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (shims(containerdSocket).length > 0 && performance.now() < deadline) await delay(20);
  for (const shim of shims(containerdSocket)) for (const pid of [...childrenOf(shim), shim]) kill(pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function shims(containerdSocket: string): number[] {
  return processes().filter((pid) => {
    const [program = '', ...args] = commandLine(pid);
    return program.includes('containerd-shim') && args.includes(containerdSocket);
  });
}

/** Program and arguments; none of a process that has ended. */
function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
  } catch {
    return [];
  }
}
