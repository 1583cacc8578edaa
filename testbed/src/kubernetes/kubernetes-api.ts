import { freePorts } from '../process/ports.ts';
import { serverFolder } from '../process/server-folder.ts';
import { started } from '../process/started.ts';
import { ControlPlane, controlPlaneParts, type KubernetesApi } from './control-plane.ts';
import { controllerManager } from './controller-manager.ts';
import { builtKubernetes } from './programs.ts';

export interface KubernetesApiOptions {
  /**
   * With kube-controller-manager: service accounts, deployments, garbage collection, disruption budgets; default false.
   */
  readonly controllerManager?: boolean;
}

/**
 * A started API server of Kubernetes on loopback, with RBAC, without nodes. Several may run at once. Without the
 * controller manager a namespace has no service account `default`, so no pods can be created in it.
 */
export async function kubernetesApi(options: KubernetesApiOptions = {}): Promise<KubernetesApi> {
  const programs = await builtKubernetes();
  const folder = serverFolder('k8s-api');
  const [port = 0] = await freePorts(1);
  const parts = await controlPlaneParts(programs, folder, '127.0.0.1', port);
  const url = `https://${parts.api.address}`;
  const clients = options.controllerManager === true ? [controllerManager(programs, folder, parts.access, url)] : [];
  return await started(new ControlPlane({ ...parts, clients }));
}
