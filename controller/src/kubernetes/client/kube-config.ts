import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { messageOf, WsClusterError } from '@wscluster/ring';

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/**
 * The API server and our identity: from the given kubeconfig, else the pod's service account, else the default
 * kubeconfig (KUBECONFIG, ~/.kube/config). Throws CONFIG_INVALID.
 */
export function loadKubeConfig(path: string | undefined): KubeConfig {
  const config = new KubeConfig();
  try {
    if (path !== undefined) config.loadFromFile(path);
    else if (process.env.KUBERNETES_SERVICE_HOST !== undefined && existsSync(TOKEN_PATH)) config.loadFromCluster();
    else if (process.env.KUBECONFIG || existsSync(join(homedir(), '.kube', 'config'))) config.loadFromDefault();
    else throw new Error('there is none: neither a service account of a pod, nor KUBECONFIG, nor ~/.kube/config');
  } catch (error) {
    throw invalid(path, messageOf(error), error);
  }
  if (config.getCurrentCluster() === null)
    throw invalid(path, `its current-context ${JSON.stringify(config.getCurrentContext() ?? '')} names no cluster`);
  return config;
}

function invalid(path: string | undefined, why: string, cause?: unknown): WsClusterError {
  const file = path ?? process.env.KUBECONFIG ?? 'default';
  return new WsClusterError(
    'CONFIG_INVALID',
    `the kubeconfig (${file}) cannot be used: ${why}; give one with --kubeconfig, or run in a pod with a service account`,
    { field: 'kubeconfig', cause },
  );
}
