import type { V1Deployment, V1PodDisruptionBudget, V1Service } from '@kubernetes/client-node';
import { gatewayBudget, nodeBudget } from './disruption-budget.ts';
import { gatewayDeployment } from './gateway-deployment.ts';
import { gatewayService } from './gateway-service.ts';
import type { ObjectsInput } from './owned.ts';

/**
 * The objects that a WsCluster has besides its nodes, as they should be; server-side apply makes them so. Those of its kinds
 * that are its own and not among them are to be deleted. Of the Deployment see `deploymentApplies`. Pure.
 */
export function gatewayObjects(input: ObjectsInput): readonly (V1Deployment | V1Service | V1PodDisruptionBudget)[] {
  const ofNodes = nodeBudget(input);
  return [
    gatewayDeployment(input),
    gatewayService(input),
    gatewayBudget(input),
    ...(ofNodes === undefined ? [] : [ofNodes]),
  ];
}
