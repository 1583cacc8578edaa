import { compareRevisions, REVISION_ZERO, type RingMessage } from '@wscluster/ring';
import { SerialQueue, steadyNow } from '@wscluster/service';
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

/** After a look without a store that could be opened, and until the resource has changed: no look for so long, ms. */
const AGAIN_MS = 10_000;

/** What a look reads by. */
interface Opened {
  readonly cluster: WsCluster;
  readonly generation: number;
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
  /** One look at a time; the end waits for it. */
  readonly #turns = new SerialQueue();
  #looking = false;
  #opened: Opened | undefined;
  /** The resource by which no store could be opened, and when. */
  #refused: { readonly generation: number; readonly at: number } | undefined;
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

  /**
   * Reads once, unless it is reading. Rejects if the store cannot be read, or if the resource names none that can be
   * opened and no former one did.
   */
  async look(resource: ClusterResource): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await this.#turns.run(() => this.#look(resource));
    } finally {
      this.#looking = false;
    }
  }

  /** Closes the store, and forgets what was read: another process may lead for long. The next look opens it again. */
  rest(): Promise<void> {
    return this.#turns.run(async () => {
      const opened = this.#opened;
      this.#opened = undefined;
      this.#refused = undefined;
      this.#read = undefined;
      this.#view = undefined;
      await close(opened);
    });
  }

  async #look(resource: ClusterResource): Promise<void> {
    await this.#openFor(resource);
    if (this.#opened === undefined) return;
    const { cluster, generation, store } = this.#opened;
    const revision = await store.revision();
    const isNewer = revision !== undefined && compareRevisions(revision, this.#ring?.revision ?? REVISION_ZERO) > 0;
    if (isNewer) this.#ring = await store.load();
    this.#read = { cluster, generation, at: new Date() };
    this.#view = undefined;
  }

  /** If the resource names no store that can be opened, the former one stays: a leader goes on with that, too. */
  async #openFor(resource: ClusterResource): Promise<void> {
    const { generation } = resource;
    const former = this.#opened;
    if (former?.generation === generation) return;
    const refused = this.#refused;
    if (refused?.generation === generation && steadyNow() - refused.at < AGAIN_MS) return;
    try {
      const cluster = clusterOf(resource);
      const foundation = foundationOf(cluster);
      const kept = former?.foundation === foundation ? former : undefined;
      const { secrets, store } = kept ?? (await this.#open(resource, cluster));
      this.#opened = { cluster, generation, foundation, secrets, store };
      this.#refused = undefined;
      if (kept === undefined) await close(former);
    } catch (error) {
      this.#refused = { generation, at: steadyNow() };
      if (former === undefined) throw error;
    }
  }

  /** The store that the resource names, by the Secrets of its namespace. */
  async #open(resource: ClusterResource, { spec }: WsCluster): Promise<Pick<Opened, 'secrets' | 'store'>> {
    const secrets = await openSecrets(this.#parts, resource, spec);
    try {
      return { secrets, store: this.#parts.openTransport(secrets).openStore() };
    } catch (error) {
      secrets.close();
      throw error;
    }
  }
}

async function close(opened: Opened | undefined): Promise<void> {
  opened?.secrets.close();
  await opened?.store.close();
}
