import { connectKubernetes } from '@wscluster/controller/kubernetes/client';
import { inParallel, silentLogger } from '@wscluster/service';
import type { KubernetesApi } from '@wscluster/testbed/kubernetes';

const PODS = { apiVersion: 'v1', kind: 'Pod', plural: 'pods' };
const REQUESTS = 16;

export interface FakePod {
  readonly name: string;
  readonly uid: string;
}

/**
 * Pods that exist in the API server alone, by hundreds: nobody runs them, so what kubelet would say of them is said
 * here.
 */
export class FakePods {
  readonly #kube: ReturnType<typeof connectKubernetes>;
  readonly #namespace: string;
  #addresses = 0;

  constructor(api: Pick<KubernetesApi, 'kubeconfig'>, namespace = 'default') {
    this.#kube = connectKubernetes({ kubeconfig: api.kubeconfig, log: silentLogger });
    this.#namespace = namespace;
  }

  async create(names: readonly string[], labels: Readonly<Record<string, string>>): Promise<FakePod[]> {
    return await inParallel(REQUESTS, names, async (name) => {
      const { metadata } = await this.#kube.call<{ metadata: FakePod }>({
        verb: 'create',
        resource: PODS,
        namespace: this.#namespace,
        body: {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name, labels },
          spec: { containers: [{ name: 'chat', image: 'chat:1' }] },
        },
      });
      return { name, uid: metadata.uid };
    });
  }

  /** They run and are ready, each at an address of its own. */
  async makeReady(names: readonly string[]): Promise<void> {
    await inParallel(REQUESTS, names, (name) => this.setReady(name, this.#newAddress()));
  }

  async setReady(name: string, podIP: string, container = 'chat'): Promise<void> {
    const now = new Date().toISOString();
    const running = { state: { running: { startedAt: now } }, ready: true, started: true, restartCount: 0 };
    const status = {
      phase: 'Running',
      podIP,
      podIPs: [{ ip: podIP }],
      conditions: ['Ready', 'ContainersReady'].map((type) => ({ type, status: 'True', lastTransitionTime: now })),
      containerStatuses: [{ name: container, image: 'chat:1', imageID: '', ...running }],
    };
    await this.#kube.call({
      verb: 'patch',
      resource: PODS,
      namespace: this.#namespace,
      name,
      subresource: 'status',
      contentType: 'application/merge-patch+json',
      body: { status },
    });
  }

  async annotate(name: string, annotations: Readonly<Record<string, string | null>>): Promise<void> {
    await this.#kube.call({
      verb: 'patch',
      resource: PODS,
      namespace: this.#namespace,
      name,
      contentType: 'application/merge-patch+json',
      body: { metadata: { annotations } },
    });
  }

  async remove(names: readonly string[]): Promise<void> {
    await inParallel(REQUESTS, names, (name) =>
      this.#kube.call({
        verb: 'delete',
        resource: PODS,
        namespace: this.#namespace,
        name,
        body: { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 },
      }),
    );
  }

  close(): void {
    this.#kube.close();
  }

  #newAddress(): string {
    const n = ++this.#addresses;
    return `10.100.${n >> 8}.${n & 255}`;
  }
}
