import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { KubernetesApi } from '@wscluster/testbed/kubernetes';
import { until } from '../../e2e/support/wait.ts';

const NAME = 'wsclusters.wscluster.io';
const FILE = fileURLToPath(new URL('../../../crds/wsclusters.wscluster.io.yaml', import.meta.url));

interface Definition {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] | null };
}

/** Makes WsClusters known to the API server. */
export async function installCrd(api: KubernetesApi): Promise<void> {
  await api.apply(readFileSync(FILE, 'utf8'));
  // `kubectl wait` gives up on a definition that has no conditions yet.
  const established = async () => {
    const { status } = JSON.parse(await api.kubectl('get', 'crd', NAME, '--output=json')) as Definition;
    return status?.conditions?.some((one) => one.type === 'Established' && one.status === 'True') ?? false;
  };
  await until('WsClusters are known', established, 30_000);
}
