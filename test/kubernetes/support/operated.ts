import { fileURLToPath } from 'node:url';
import type { KubernetesApi } from '@wscluster/testbed/kubernetes';
import { freePorts } from '@wscluster/testbed/ports';
import { LoggedProcess } from '../../e2e/support/processes.ts';
import { until } from '../../e2e/support/wait.ts';
import { get } from './objects.ts';

const controllerMain = fileURLToPath(new URL('../../../controller/src/main.ts', import.meta.url));

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
}

export interface Resource {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly generation: number;
    readonly resourceVersion: string;
    readonly labels?: Record<string, string>;
    readonly finalizers?: string[];
  };
  readonly spec: Record<string, unknown>;
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: Condition[];
    readonly ring?: {
      readonly epoch: number;
      readonly revision: string;
      readonly members: number;
      readonly digest: string;
    };
    readonly nodes?: { readonly desired: number; readonly ready: number; readonly draining: number };
    readonly selector?: string;
  };
}

/** A controller in Kubernetes mode, outside of the cluster, against an API server; nobody runs its pods. */
export async function startOperator(api: KubernetesApi, env: Record<string, string> = {}) {
  const [apiPort = 0, probePort = 0] = await freePorts(2);
  const process = new LoggedProcess(
    [
      controllerMain,
      ...['--source', 'kubernetes', '--kubeconfig', api.kubeconfig, '--lease-namespace', 'default'],
      ...['--gateway-image', 'wscluster/gateway:test'],
      ...['--api', `127.0.0.1:${apiPort}`, '--api-advertise', `http://127.0.0.1:${apiPort}`],
      ...['--probes', `127.0.0.1:${probePort}`],
    ],
    env,
  );
  return { process, apiPort, probePort };
}

/** A WsCluster of the default namespace. */
export function wscluster(api: KubernetesApi, name: string): Promise<Resource> {
  return get(api, 'wsclusters', name);
}

/** Waits until the condition has this status or reason. */
export async function condition(
  api: KubernetesApi,
  name: string,
  type: string,
  expected: string,
  deadlineMs = 90_000,
): Promise<Condition> {
  let last: Condition | undefined;
  try {
    await until(
      `${type} of ${name} is ${expected}`,
      async () => {
        const { status, metadata } = await wscluster(api, name);
        last = status?.conditions?.find((one) => one.type === type);
        const current = last?.observedGeneration === metadata.generation;
        return current && (last?.status === expected || last?.reason === expected);
      },
      deadlineMs,
    );
  } catch (error) {
    throw new Error(`${(error as Error).message}; it is ${JSON.stringify(last)}`);
  }
  return last as Condition;
}

let address = 1;

/** Does what kubelet does when a pod's container has started and is ready. */
export async function makeReady(api: KubernetesApi, pod: string): Promise<void> {
  const podIP = `10.99.${address >> 8}.${address++ & 255}`;
  const now = new Date().toISOString();
  const ready = (type: string) => ({ type, status: 'True', lastTransitionTime: now });
  const status = {
    phase: 'Running',
    podIP,
    podIPs: [{ ip: podIP }],
    conditions: [ready('Ready'), ready('ContainersReady'), ready('Initialized')],
    containerStatuses: [
      {
        name: 'chat',
        image: 'chat:1',
        imageID: '',
        ready: true,
        started: true,
        restartCount: 0,
        state: { running: { startedAt: now } },
      },
    ],
  };
  await api.kubectl('patch', 'pod', pod, '--subresource=status', '--type=merge', '--patch', JSON.stringify({ status }));
}
