import type { V1PodDisruptionBudget } from '@kubernetes/client-node';
import { type Role, selectorOf } from '../names.ts';
import { metadataOf, type ObjectsInput } from './owned.ts';

/** Allows the eviction of one gateway at a time. */
export function gatewayBudget(input: ObjectsInput): V1PodDisruptionBudget {
  return budget(input, 'gateway');
}

/**
 * Allows the eviction of one managed node at a time. Kubernetes reads the desired number from the resource's scale.
 * Nodes that others created have budgets of others: two budgets for one pod would block every eviction of it.
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
      // A pod that serves nobody must not block the drain of a machine.
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  };
}
