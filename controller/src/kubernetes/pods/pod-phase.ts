import type { Workload } from '../../core/ports/workload-source.ts';
import type { PodFacts } from './pod-facts.ts';

/** What is known about a pod besides its present state: the run of its container in which it was last ready. */
export interface PodPast {
  readonly readyRun: number | undefined;
}

/**
 * | pod                                                        | phase      |
 * |------------------------------------------------------------|------------|
 * | ended                                                      | gone       |
 * | its container has ended, and will be restarted             | restarting |
 * | its container has ended, and will not, or the pod leaves   | gone       |
 * | being deleted, or annotated to drain                       | draining   |
 * | ready, and has an IP address                               | ready      |
 * | never seen ready                                           | starting   |
 * | was ready in this run of its container                     | unready    |
 * | was ready in an earlier run only: its clients are lost     | restarting |
 */
export function phaseOf(facts: PodFacts, { readyRun }: PodPast): Workload['phase'] {
  const leaves = facts.deletion !== undefined || facts.drain !== undefined;
  if (facts.ended) return 'gone';
  if (facts.container === 'ended') return facts.restarts && !leaves ? 'restarting' : 'gone';
  if (leaves) return 'draining';
  if (facts.ready && facts.ip !== undefined) return 'ready';
  if (readyRun === undefined) return 'starting';
  return readyRun === facts.run ? 'unready' : 'restarting';
}
