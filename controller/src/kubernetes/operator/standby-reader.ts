import { compareRevisions, REVISION_ZERO, type RingMessage } from '@wscluster/ring';
import { SerialQueue } from '@wscluster/service';
import type { RingStore } from '@wscluster/transport';
import { viewOfStandby } from '../../core/loop/last-view.ts';
import type { ClusterView } from '../../core/loop/view.ts';
import type { WsCluster } from '../../core/spec/schema.ts';
import { type ClusterSecrets, type ClusterSecretsParts, openSecrets } from './cluster-secrets.ts';
import { type ClusterResource, clusterOf, foundationOf } from './resource.ts';
import type { OpenTransport } from './servers.ts';

export interface StandbyReaderParts extends ClusterSecretsParts {
  readonly openTransport: OpenTransport;
}

interface Opened {
  readonly foundation: string;
  readonly secrets: ClusterSecrets;
  readonly store: Pick<RingStore, 'load' | 'revision' | 'close'>;
}

/**
 * Reads the ring of a cluster that another process leads, so that reads can be answered while nobody leads. It writes
 * nothing: it does not know whether the cluster has been deleted meanwhile.
 */
export class StandbyReader {
  readonly #parts: StandbyReaderParts;
  /** A look that takes long is not met by the next one, or by the end. */
  readonly #turns = new SerialQueue();
  #opened: Opened | undefined;
  #ring: RingMessage | undefined;
  #read: { readonly cluster: WsCluster; readonly generation: number; readonly at: Date } | undefined;
  /** Made for who asks: it takes decoding a ring. */
  #view: ClusterView | undefined;

  constructor(parts: StandbyReaderParts) {
    this.#parts = parts;
  }

  /** As last read; undefined without a ring. */
  get view(): ClusterView | undefined {
    if (this.#ring === undefined || this.#read === undefined) return undefined;
    const { cluster, generation, at } = this.#read;
    this.#view ??= viewOfStandby({ spec: cluster.spec, generation, ring: this.#ring, at });
    return this.#view;
  }

  /** Reads once. Rejects if the resource cannot be served, or its Secrets or the store cannot be read. */
  look(resource: ClusterResource): Promise<void> {
    return this.#turns.run(async () => {
      const cluster = clusterOf(resource);
      const { store } = await this.#open(resource, cluster);
      const revision = await store.revision();
      const isNewer = revision !== undefined && compareRevisions(revision, this.#ring?.revision ?? REVISION_ZERO) > 0;
      if (isNewer) this.#ring = await store.load();
      this.#read = { cluster, generation: resource.generation, at: new Date() };
      this.#view = undefined;
    });
  }

  /** Closes the store; the next look opens it again. */
  rest(): Promise<void> {
    return this.#turns.run(() => this.#close());
  }

  /** The store that the resource names, by the Secrets of its namespace. */
  async #open(resource: ClusterResource, cluster: WsCluster): Promise<Opened> {
    const foundation = foundationOf(cluster);
    if (this.#opened?.foundation === foundation) return this.#opened;
    await this.#close();
    const secrets = await openSecrets(this.#parts, resource, cluster.spec);
    this.#opened = { foundation, secrets, store: this.#parts.openTransport(secrets).openStore() };
    return this.#opened;
  }

  async #close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    opened?.secrets.close();
    await opened?.store.close();
  }
}
