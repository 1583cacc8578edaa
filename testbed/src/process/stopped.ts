import { readdirSync } from 'node:fs';
import { statOf } from './children.ts';

const PATIENCE_MS = 5_000;
const LOOK_MS = 5;

/**
 * Blocks until every thread of these processes has stopped after a SIGSTOP: on a busy machine a thread may go on for a
 * moment, and answer. Returns after 5 s at the latest.
 */
export function waitUntilStopped(pids: readonly number[]): void {
  const deadline = performance.now() + PATIENCE_MS;
  const pause = new Int32Array(new SharedArrayBuffer(4));
  while (performance.now() < deadline && !pids.every(hasStopped)) Atomics.wait(pause, 0, 0, LOOK_MS);
}

function hasStopped(pid: number): boolean {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.every((thread) => /^[TtZX]$/.test(statOf(`/proc/${pid}/task/${thread}`)?.[0] ?? 'X'));
  } catch {
    return true; // ended meanwhile
  }
}
