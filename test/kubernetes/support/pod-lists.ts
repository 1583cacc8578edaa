import type { KubernetesApi } from '@wscluster/testbed/kubernetes';

/** How many LISTs of pods the API server has answered, each page of one counted, as it counts them itself. */
export async function podLists(api: KubernetesApi): Promise<number> {
  const metrics = await api.kubectl('get', '--raw', '/metrics');
  return metrics
    .split('\n')
    .filter((line) => line.startsWith('apiserver_request_total{'))
    .filter((line) => line.includes('resource="pods"') && line.includes('verb="LIST"'))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
