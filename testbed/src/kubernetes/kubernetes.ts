export type { KubernetesApi, Subject } from './control-plane.ts';
export type { Manifest } from './kubectl.ts';
export { type KubernetesApiOptions, kubernetesApi } from './kubernetes-api.ts';
export { type KubernetesCluster, kubernetesCluster } from './kubernetes-cluster.ts';
