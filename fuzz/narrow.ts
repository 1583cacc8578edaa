import type { Case } from './case.ts';
import { runFuzz } from './run.ts';

/** The cases that still fail: halves are played again, and then halves of the one that failed. */
export async function narrowed(suspects: readonly Case[], atATime: number): Promise<readonly Case[]> {
  if (suspects.length < 2) return suspects;
  const middle = suspects.length >> 1;
  for (const half of [suspects.slice(0, middle), suspects.slice(middle)]) {
    const { faults } = await runFuzz({ cases: half, lookEvery: half.length, atATime });
    if (faults.length > 0) return narrowed(half, atATime);
  }
  return suspects;
}
