import type { KubernetesApi } from '@wscluster/testbed/kubernetes';

/** Where the API serves what the tests look at. */
const GROUPS = {
  pods: 'api/v1',
  services: 'api/v1',
  serviceaccounts: 'api/v1',
  deployments: 'apis/apps/v1',
  poddisruptionbudgets: 'apis/policy/v1',
  leases: 'apis/coordination.k8s.io/v1',
  wsclusters: 'apis/wscluster.io/v1alpha1',
} as const;

export type Resources = keyof typeof GROUPS;
type Reader = Pick<KubernetesApi, 'read'>;

interface Named {
  readonly metadata: { readonly name: string };
}

/** What `kubectl get` shows of an object, by one request: kubectl takes a process and its discovery for each look. */
export function get<T>(api: Reader, resources: Resources, name: string, namespace = 'default'): Promise<T> {
  return api.read(`${pathOf(resources, namespace)}/${name}`);
}

/** What `kubectl get --selector` lists. */
export async function list<T = Named>(
  api: Reader,
  resources: Resources,
  { namespace = 'default', selector = '' } = {},
): Promise<T[]> {
  const path = `${pathOf(resources, namespace)}?labelSelector=${encodeURIComponent(selector)}`;
  return (await api.read<{ items: T[] }>(path)).items;
}

export async function namesOf(
  api: Reader,
  resources: Resources,
  options: { namespace?: string; selector?: string } = {},
): Promise<string[]> {
  return (await list(api, resources, options)).map(({ metadata }) => metadata.name).sort();
}

function pathOf(resources: Resources, namespace: string): string {
  return `/${GROUPS[resources]}/namespaces/${namespace}/${resources}`;
}
