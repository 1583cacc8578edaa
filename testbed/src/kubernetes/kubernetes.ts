export type { KubernetesApi } from './control-plane.ts';
export { kubernetesApi } from './kubernetes-api.ts';
export { type KubernetesCluster, kubernetesCluster } from './kubernetes-cluster.ts';
