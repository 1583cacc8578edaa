import type { ClusterSpec, WsCluster } from '../../core/spec/schema.ts';
import type { SpecStore } from '../../core/spec/spec-store.ts';
import type { Kube } from '../client/kube.ts';
import { RESOURCES } from '../client/resources.ts';
import { FIELD_MANAGERS } from '../names.ts';
import { mergePatchBetween } from './merge-patch.ts';
import { type ClusterResource, clusterOf, readResource, type WsClusterObject } from './resource.ts';

/**
 * The spec that a WsCluster resource holds; the API's changes are patches of that resource. Brokers, store and registry stay
 * as they were when it was opened: who works by it has opened them.
 */
export class ResourceSpec implements SpecStore {
  readonly #kube: Kube;
  #resource: ClusterResource;
  #declared: WsCluster;
  readonly #opened: WsCluster;

  /** Throws CONFIG_INVALID when the resource cannot be served. */
  constructor(kube: Kube, resource: ClusterResource) {
    this.#kube = kube;
    this.#resource = resource;
    this.#declared = clusterOf(resource);
    this.#opened = this.#declared;
  }

  get spec(): ClusterSpec {
    const { bus, store, registry } = this.#opened.spec;
    return { ...this.#declared.spec, bus, store, registry };
  }

  /** As it was when it was opened. */
  get opened(): WsCluster {
    return this.#opened;
  }

  /** What the resource says now, all of it. */
  get declared(): WsCluster {
    return this.#declared;
  }

  get generation(): number {
    return this.#resource.generation;
  }

  /** Takes over what the resource says now; true when that is another spec. Throws CONFIG_INVALID, and then keeps the one before. */
  take(resource: ClusterResource): boolean {
    if (resource.generation <= this.#resource.generation) return false;
    this.#declared = clusterOf(resource);
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
      query: { fieldManager: FIELD_MANAGERS.api },
      contentType: 'application/merge-patch+json',
      body: { metadata: { uid }, spec },
    });
    this.take(readResource(answer));
  }
}
