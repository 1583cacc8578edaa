import {
  type ClusterSettings,
  compareRevisions,
  encodeRing,
  messageOf,
  type Release,
  type Ring,
  type RingMessage,
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

/** What stands in the way of store and bus; undefined when nothing does. */
export interface PublishStatus {
  readonly storeError: string | undefined;
  readonly busError: string | undefined;
}

/** `stale`: the store holds a newer ring, so somebody else leads or led: take a higher epoch. */
export type PublishResult = 'published' | 'stale';

/**
 * Puts rings into the store and then on the bus, and repeats the essentials as heartbeats. Store first: who reads it
 * because of a bus message must find that ring. Neither failing stops the other: the next heartbeat tries again.
 */
export class Publisher {
  readonly #cluster: string;
  readonly #bus: RingBusHub;
  readonly #store: RingStore;
  readonly #log: Logger;
  #last: RingMessage | undefined;
  /** The message that the store is known to hold. */
  #saved: RingMessage | undefined;
  /** One save at a time, in the order of publication. */
  #saving: Promise<unknown> = Promise.resolve();
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

  async publish({ ring, ...context }: Publication): Promise<PublishResult> {
    const message = encodeRing(ring, { cluster: this.#cluster, ...context });
    this.#last = message;
    if ((await this.#save(message)) === 'stale') return 'stale';
    await this.#broadcast(message);
    return 'published';
  }

  /** Names the last published ring, with the release as it stands now. */
  async heartbeat(release: Release): Promise<PublishResult> {
    const last = this.#last;
    if (last === undefined) return 'published';
    last.release = release;
    if (this.#saved !== last && (await this.#save(last)) === 'stale') return 'stale';
    const { cluster, revision, digest, settingsDigest } = last;
    await this.#broadcast({ wire: WIRE_MAJOR, type: 'heartbeat', cluster, revision, digest, settingsDigest, release });
    return 'published';
  }

  #save(message: RingMessage): Promise<'saved' | 'stale'> {
    const saving = this.#saving.then(async () => (this.#saved === message ? 'saved' : await this.#tryToSave(message)));
    this.#saving = saving;
    return saving;
  }

  /** A store that can't be written counts as saved: gateways get the ring from the bus meanwhile. */
  async #tryToSave(message: RingMessage): Promise<'saved' | 'stale'> {
    try {
      const result = await this.#store.save(message);
      // After a save whose answer was lost, the store holds this very ring.
      if (result === 'stale' && !(await this.#isStored(message))) return 'stale';
      this.#saved = message;
      this.#note('storeError', undefined);
    } catch (error) {
      this.#note('storeError', messageOf(error));
    }
    return 'saved';
  }

  async #isStored(message: RingMessage): Promise<boolean> {
    const stored = await this.#store.load();
    return (
      stored !== undefined &&
      compareRevisions(stored.revision, message.revision) === 0 &&
      stored.digest === message.digest
    );
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
