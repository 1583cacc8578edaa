import { WsClusterError } from '@wscluster/ring';
import { changedRouteKey } from '../../core/spec/route-keys.ts';
import { KEY_FIXED } from '../../core/spec/routing-schema.ts';
import type { ClusterSpec, WsCluster } from '../../core/spec/schema.ts';
import type { SpecStore } from '../../core/spec/spec-store.ts';
import type { Kube } from '../client/kube.ts';
import { RESOURCES } from '../client/resources.ts';
import { FIELD_MANAGERS } from '../names.ts';
import { mergePatchBetween } from './merge-patch.ts';
import { type ClusterResource, clusterOf, readResource, type WsClusterObject } from './resource.ts';

/**
 * The spec of a WsCluster resource; changes through the API are patches of that resource. Brokers, store and registry
 * stay as they were when the spec was opened, because they are open by then.
 */
export class ResourceSpec implements SpecStore {
  readonly #kube: Kube;
  #resource: ClusterResource;
  #declared: WsCluster;
  readonly #opened: WsCluster;

  /** Throws CONFIG_INVALID if the resource cannot be served. */
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

  /** The spec when it was opened. */
  get opened(): WsCluster {
    return this.#opened;
  }

  /** The complete present spec of the resource. */
  get declared(): WsCluster {
    return this.#declared;
  }

  get generation(): number {
    return this.#resource.generation;
  }

  /**
   * Takes the present resource; true if its spec has changed. If it throws CONFIG_INVALID, it keeps the previous spec.
   */
  take(resource: ClusterResource): boolean {
    if (resource.generation <= this.#resource.generation) return false;
    const declared = clusterOf(resource);
    // The API server compares routes by path and name; under another one a key may have changed all the same.
    const field = changedRouteKey(this.#declared.spec.routing.routes, declared.spec.routing.routes);
    if (field !== undefined) throw new WsClusterError('CONFIG_INVALID', `${field}: ${KEY_FIXED}`, { field });
    this.#declared = declared;
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
