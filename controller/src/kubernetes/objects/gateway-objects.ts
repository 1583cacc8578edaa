import type { V1Deployment, V1PodDisruptionBudget, V1Service } from '@kubernetes/client-node';
import { gatewayBudget, nodeBudget } from './disruption-budget.ts';
import { gatewayDeployment } from './gateway-deployment.ts';
import { gatewayService } from './gateway-service.ts';
import type { ObjectsInput } from './owned.ts';

/**
 * The desired objects of a WsCluster besides its nodes, for server-side apply. Other objects of these kinds that belong
 * to it have to be deleted. For the Deployment see `deploymentApplies`. Pure.
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
