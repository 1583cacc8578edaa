import type { ClusterSpec, WsCluster } from '../cluster/schema.ts';
import type { SpecStore } from '../cluster/spec-store.ts';
import type { Kube } from '../kubernetes/kube.ts';
import { RESOURCES } from '../kubernetes/resources.ts';
import { mergePatchBetween } from './merge-patch.ts';
import { type ClusterResource, clusterOf, readResource, type WsClusterObject } from './resource.ts';

/** The spec that a WsCluster resource holds; the API's changes are patches of that resource. */
export class ResourceSpec implements SpecStore {
  readonly #kube: Kube;
  #resource: ClusterResource;
  #cluster: WsCluster;

  /** Throws CONFIG_INVALID when the resource cannot be served. */
  constructor(kube: Kube, resource: ClusterResource) {
    this.#kube = kube;
    this.#resource = resource;
    this.#cluster = clusterOf(resource);
  }

  get spec(): ClusterSpec {
    return this.#cluster.spec;
  }

  get cluster(): WsCluster {
    return this.#cluster;
  }

  get generation(): number {
    return this.#resource.generation;
  }

  /** Takes over what the resource says now; true when that is another spec. Throws CONFIG_INVALID, and then keeps the one before. */
  take(resource: ClusterResource): boolean {
    if (resource.generation <= this.#resource.generation) return false;
    this.#cluster = clusterOf(resource);
    this.#resource = resource;
    return true;
  }

  async update(change: (spec: ClusterSpec) => ClusterSpec): Promise<void> {
    const { namespace, name, uid } = this.#resource;
    const spec = mergePatchBetween(this.spec, change(this.spec));
    if (spec === undefined) return;
    const answer: WsClusterObject = await this.#kube.call({
      verb: 'patch',
      resource: RESOURCES.wsClusters,
      namespace,
      name,
      query: { fieldManager: 'wscluster-api' },
      contentType: 'application/merge-patch+json',
      body: { metadata: { uid }, spec },
    });
    this.take(readResource(answer));
  }
}
