import { once } from 'node:events';
import { InProgress, inBackground, logBug } from '@wscluster/service';
import type { Candidate } from '../../core/loop/candidate.ts';
import type { Leadership } from '../../core/ports/leadership.ts';
import { type Informer, startInformer } from '../client/informer.ts';
import { RESOURCES } from '../client/resources.ts';
import { ClusterOperator, type ClusterOperatorParts } from './cluster-operator.ts';
import { OwnedObjects } from './owned-objects.ts';
import { type ClusterResource, readResource, type WsClusterObject } from './resource.ts';

export interface OperatorParts extends Omit<ClusterOperatorParts, 'owned'> {
  /** All namespaces when undefined. */
  readonly namespace: string | undefined;
  /** Kept in step with the existing resources. */
  readonly clusters: Candidate[];
}

/** Watches all WsCluster resources; each has a ClusterOperator for as long as it exists. */
export class Operator {
  readonly #parts: OperatorParts;
  readonly #resources: Informer<WsClusterObject, ClusterResource>;
  readonly #owned: OwnedObjects;
  /** By uid: a resource that was deleted and created again under the same name is another one. */
  readonly #operators = new Map<string, ClusterOperator>();
  readonly #ending = new InProgress();
  readonly #closing = new AbortController();

  constructor(parts: OperatorParts) {
    const { kube, namespace, log } = parts;
    this.#parts = parts;
    this.#owned = new OwnedObjects({
      ...{ kube, namespace, log },
      onChange: (owners) => {
        for (const uid of owners) this.#operators.get(uid)?.lookAtOwned();
      },
    });
    this.#resources = startInformer<WsClusterObject, ClusterResource>({
      ...{ kube, namespace, log, resource: RESOURCES.wsClusters, keep: readResource },
      onChange: () => this.#look(),
    });
    inBackground(log, 'election-broken', stayElected(parts.leadershipOf(), this.#closing.signal));
  }

  /** Why it is not ready; undefined once all resources are known. */
  get notReady(): string | undefined {
    if (this.#resources.synced) return undefined;
    return this.#resources.problem?.message ?? 'waiting for the first list of WsClusters';
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#resources.close(), this.#owned.close()]);
    await Promise.all([...[...this.#operators.values()].map((operator) => operator.stop()), this.#ending.settled()]);
  }

  #look(): void {
    if (this.#closing.signal.aborted) return;
    const { objects } = this.#resources;
    for (const [uid, operator] of this.#operators) if (!objects.has(uid)) this.#end(uid, operator);
    for (const [uid, resource] of objects) {
      const known = this.#operators.get(uid);
      if (known === undefined) this.#begin(uid, resource);
      else known.look(resource);
    }
  }

  #begin(uid: string, resource: ClusterResource): void {
    const operator = new ClusterOperator({ ...this.#parts, owned: this.#owned }, resource);
    this.#operators.set(uid, operator);
    this.#parts.clusters.push(operator.candidate);
  }

  #end(uid: string, operator: ClusterOperator): void {
    const { clusters } = this.#parts;
    this.#operators.delete(uid);
    clusters.splice(clusters.indexOf(operator.candidate), 1);
    this.#ending.add(operator.stop().catch((error: unknown) => logBug(this.#parts.log, 'cluster-not-stopped', error)));
  }
}

/** Some process has to lead even if no cluster asks for it, to clean up after deleted ones. */
async function stayElected(leadership: Leadership, closing: AbortSignal): Promise<void> {
  while (!closing.aborted) {
    const lead = await leadership.elected(closing).catch(() => undefined);
    if (lead === undefined) return;
    const over = AbortSignal.any([lead, closing]);
    if (!over.aborted) await once(over, 'abort');
  }
}
