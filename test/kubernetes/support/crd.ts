import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { KubernetesApi } from '@wscluster/testbed/kubernetes';
import { until } from '../../e2e/support/wait.ts';

const NAME = 'wsclusters.wscluster.io';
const FILE = fileURLToPath(new URL('../../../crds/wsclusters.wscluster.io.yaml', import.meta.url));

/** Makes WsClusters known to the API server. */
export async function installCrd(api: KubernetesApi): Promise<void> {
  await api.apply(readFileSync(FILE, 'utf8'));
  // `kubectl wait` gives up on a definition that has no conditions yet.
  const established = ['get', 'crd', NAME, '--output=jsonpath={.status.conditions[?(@.type=="Established")].status}'];
  await until('WsClusters are known', async () => (await api.kubectl(...established)) === 'True', 30_000);
}
