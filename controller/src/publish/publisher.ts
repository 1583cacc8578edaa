import {
  type ClusterSettings,
  compareRevisions,
  encodeRing,
  messageOf,
  type Release,
  type Ring,
  type RingMessage,
  settingsDigest,
  type Vacancy,
  WIRE_MAJOR,
} from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import type { RingBusHub, RingStore } from '@wscluster/transport';

export interface Publication {
  readonly ring: Ring;
  readonly release: Release;
  readonly settings: ClusterSettings;
  readonly vacancies: readonly Vacancy[];
}

/** Where a publication got to; an error text is what stands in its way, retried with each heartbeat. */
export interface PublishStatus {
  readonly storeError: string | undefined;
  readonly busError: string | undefined;
}

/**
 * Puts rings into the store and then on the bus, and repeats the essentials as heartbeats. Store first: who reads it
 * because of a bus message must find that ring. Neither failing stops the other: the heartbeat tries again.
 */
export class Publisher {
  readonly #cluster: string;
  readonly #bus: RingBusHub;
  readonly #store: RingStore;
  readonly #log: Logger;
  #last: RingMessage | undefined;
  #unsaved = false;
  #status: PublishStatus = { storeError: undefined, busError: undefined };

  constructor(cluster: string, bus: RingBusHub, store: RingStore, log: Logger) {
    this.#cluster = cluster;
    this.#bus = bus;
    this.#store = store;
    this.#log = log;
  }

  get status(): PublishStatus {
    return this.#status;
  }

  /** `stale` when the store holds a newer revision, so that somebody else leads or led: take a higher epoch. */
  async publish(publication: Publication): Promise<'published' | 'stale'> {
    const { ring, ...context } = publication;
    const message = encodeRing(ring, { cluster: this.#cluster, ...context });
    this.#last = message;
    if ((await this.#save(message)) === 'stale') return 'stale';
    await this.#broadcast(message);
    return 'published';
  }

  /** Names the last published ring, with the release as it stands now. */
  async heartbeat(release: Release): Promise<void> {
    const last = this.#last;
    if (last === undefined) return;
    last.release = release;
    if (this.#unsaved) await this.#save(last);
    const { cluster, revision, digest } = last;
    await this.#broadcast({
      wire: WIRE_MAJOR,
      type: 'heartbeat',
      cluster,
      revision,
      digest,
      settingsDigest: settingsDigest(last.settings),
      release,
    });
  }

  async #save(message: RingMessage): Promise<'saved' | 'stale'> {
    try {
      const result = await this.#store.save(message);
      if (result === 'stale' && this.#unsaved) return await this.#heldByUs(message);
      this.#unsaved = false;
      this.#note('storeError', undefined);
      return result;
    } catch (error) {
      this.#unsaved = true;
      this.#note('storeError', messageOf(error));
      return 'saved';
    }
  }

  /** After a save whose answer was lost, the store may hold this very ring: then it is saved. */
  async #heldByUs(message: RingMessage): Promise<'saved' | 'stale'> {
    const stored = await this.#store.load();
    const same = stored !== undefined && compareRevisions(stored.revision, message.revision) === 0;
    if (!same || stored.digest !== message.digest) return 'stale';
    this.#unsaved = false;
    this.#note('storeError', undefined);
    return 'saved';
  }

  async #broadcast(message: Parameters<RingBusHub['broadcast']>[0]): Promise<void> {
    try {
      await this.#bus.broadcast(message);
      this.#note('busError', undefined);
    } catch (error) {
      this.#note('busError', messageOf(error));
    }
  }

  #note(part: keyof PublishStatus, error: string | undefined): void {
    if (this.#status[part] === error) return;
    const what = part === 'storeError' ? 'store' : 'bus';
    if (error === undefined) this.#log.info({ event: `${what}-recovered` }, `the ring ${what} takes rings again`);
    else
      this.#log.warn(
        { event: `${what}-unavailable`, action: `bring the ring ${what} back; gateways go on with their last ring` },
        error,
      );
    this.#status = { ...this.#status, [part]: error };
  }
}
