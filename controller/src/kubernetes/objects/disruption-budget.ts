import type { V1PodDisruptionBudget } from '@kubernetes/client-node';
import { type Role, selectorOf } from '../names.ts';
import { metadataOf, type ObjectsInput } from './owned.ts';

/** One gateway at a time is evicted. */
export function gatewayBudget(input: ObjectsInput): V1PodDisruptionBudget {
  return budget(input, 'gateway');
}

/**
 * One managed node at a time is evicted. Kubernetes knows by the resource's scale how many there should be. Nodes of others
 * have budgets of others: of two budgets for one pod neither lets it be evicted.
 */
export function nodeBudget(input: ObjectsInput): V1PodDisruptionBudget | undefined {
  return input.spec.nodes.template === undefined ? undefined : budget(input, 'node');
}

function budget(input: ObjectsInput, role: Role): V1PodDisruptionBudget {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadataOf(input, role),
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels: selectorOf(input.cluster, role) },
      // What serves nobody must not hold up the drain of a machine.
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  };
}
