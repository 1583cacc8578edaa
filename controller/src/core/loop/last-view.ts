import type { ClusterView } from './view.ts';

/** The view of a leader that leads no longer, for readers: nobody knows whether the cluster still is like that. Pure. */
export function asLastKnown(view: ClusterView, now: Date): ClusterView {
  const lastTransitionTime = now.toISOString();
  const message = `no leader is known here; this is what was known at ${lastTransitionTime}`;
  const unknown = { status: 'Unknown', reason: 'NoLeader', message, lastTransitionTime } as const;
  return { ...view, conditions: view.conditions.map((condition) => ({ ...condition, ...unknown })) };
}
