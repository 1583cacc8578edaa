import {
  type Broadcast,
  type ClusterSettings,
  compareRevisions,
  encodeChange,
  encodeRing,
  messageOf,
  type Release,
  type Revision,
  type Ring,
  type RingMessage,
  type Vacancy,
  WIRE_MAJOR,
  WsClusterError,
} from '@wscluster/ring';
import { type Logger, SerialQueue, Trouble, within } from '@wscluster/service';
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

export interface PublisherParts {
  readonly cluster: string;
  readonly bus: RingBusHub;
  readonly store: RingStore;
  readonly log: Logger;
  /** A store that takes longer does not hold up the bus, ms: a lost node's clients wait for that ring. */
  readonly storeFirstMs: number;
  /** The store has lost what it held, so other things in it may be lost too. */
  onStoreLost(): void;
}

/**
 * Puts rings into the store and then on the bus, and repeats the essentials as heartbeats. Store first: who reads it
 * because of a bus message must find that ring. Neither failing stops the other: the next heartbeat tries again, and
 * writes the ring again into a store that has lost it.
 */
export class Publisher {
  readonly #parts: PublisherParts;
  #last: RingMessage | undefined;
  /** The last ring that followers were sent. */
  #base: { ring: Ring; settingsDigest: string } | undefined;
  /** The message that the store is known to hold. */
  #saved: RingMessage | undefined;
  /** Of the last message that the store took. */
  #savedRevision: Revision | undefined;
  readonly #saves = new SerialQueue();
  /** The save that was asked for last, until it has ended. */
  #saving: { readonly message: RingMessage; readonly done: Promise<'saved' | 'stale'> } | undefined;
  readonly #troubles: { readonly store: Trouble; readonly bus: Trouble };

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    const { log } = parts;
    this.#troubles = { store: new Trouble(log), bus: new Trouble(log) };
  }

  get status(): PublishStatus {
    const { store, bus } = this.#troubles;
    return { storeError: store.problem, busError: bus.problem };
  }

  async publish({ ring, ...context }: Publication): Promise<PublishResult> {
    const full = { cluster: this.#parts.cluster, ...context };
    const message = encodeRing(ring, full);
    const base = this.#base;
    this.#last = message;
    // Whatever becomes of this one: the next change starts from a ring that was sent.
    this.#base = undefined;
    if ((await within(this.#parts.storeFirstMs, this.#save(message))) === 'stale') return 'stale';
    const change = base && encodeChange(base.ring, ring, { ...full, settingsBefore: base.settingsDigest });
    // Who lacks the base of a change reads the store, so it must be there.
    const stored = this.#saved === message;
    if (await this.#broadcast(stored && change !== undefined ? change : message))
      this.#base = { ring, settingsDigest: message.settingsDigest };
    // A save that is late is not waited for: the next heartbeat looks what became of it.
    return 'published';
  }

  /** Names the last published ring, with the release as it stands now. */
  async heartbeat(release: Release): Promise<PublishResult> {
    const last = this.#last;
    if (last === undefined) return 'published';
    last.release = release;
    const saving = this.#saveIfLost(last);
    const { cluster, revision, digest, settingsDigest } = last;
    await this.#broadcast({ wire: WIRE_MAJOR, type: 'heartbeat', cluster, revision, digest, settingsDigest, release });
    if ((await saving) === 'stale') return 'stale';
    return 'published';
  }

  /** A store that was emptied, or put back to an older state, gets the ring again. */
  async #saveIfLost(message: RingMessage): Promise<'saved' | 'stale'> {
    if (this.#saved !== message) return this.#save(message);
    try {
      const held = await this.#parts.store.revision();
      const order = held === undefined ? -1 : compareRevisions(held, message.revision);
      this.#note('store', undefined);
      if (order > 0) return 'stale';
      if (order === 0) return 'saved';
    } catch (error) {
      this.#note('store', messageOf(error));
      return 'saved';
    }
    if (this.#saved === message) {
      this.#saved = undefined;
      this.#noteLoss();
    }
    return this.#save(message);
  }

  /** However often it is asked for, a message waits for its save once. */
  #save(message: RingMessage): Promise<'saved' | 'stale'> {
    if (this.#saving?.message === message) return this.#saving.done;
    const done = this.#saves.run(() => this.#saveNewest(message));
    this.#saving = { message, done };
    void done.then(() => {
      if (this.#saving?.done === done) this.#saving = undefined;
    });
    return done;
  }

  /** What is not the last publication any more by its turn is not saved: a slow store would fall ever further behind. */
  async #saveNewest(message: RingMessage): Promise<'saved' | 'stale'> {
    return this.#saved === message || this.#last !== message ? 'saved' : await this.#tryToSave(message);
  }

  /** A store that can't be written counts as saved: gateways get the ring from the bus meanwhile. */
  async #tryToSave(message: RingMessage): Promise<'saved' | 'stale'> {
    try {
      const result = await this.#parts.store.save(message, this.#savedRevision);
      if (result === 'regained') this.#noteLoss();
      // After a save whose answer was lost, the store holds this very ring.
      if (result === 'stale' && !(await this.#isStored(message))) return 'stale';
      this.#saved = message;
      this.#savedRevision = message.revision;
      this.#note('store', undefined);
    } catch (error) {
      this.#note('store', messageOf(error));
    }
    return 'saved';
  }

  /** The store held less than it was given. */
  #noteLoss(): void {
    // So that the save that follows does not tell it again.
    this.#savedRevision = undefined;
    this.#parts.log.warn(
      { event: 'store-lost-ring', action: 'check what emptied it; the ring is written again' },
      'the store has lost its ring',
    );
    this.#parts.onStoreLost();
  }

  async #isStored(message: RingMessage): Promise<boolean> {
    try {
      const stored = await this.#parts.store.load();
      const same = stored !== undefined && compareRevisions(stored.revision, message.revision) === 0;
      return same && stored.digest === message.digest;
    } catch (error) {
      if (error instanceof WsClusterError && error.code === 'MESSAGE_INVALID') return false;
      throw error;
    }
  }

  async #broadcast(message: Broadcast): Promise<boolean> {
    try {
      await this.#parts.bus.broadcast(message);
      this.#note('bus', undefined);
      return true;
    } catch (error) {
      this.#note('bus', messageOf(error));
      return false;
    }
  }

  #note(part: 'store' | 'bus', error: string | undefined): void {
    const trouble = this.#troubles[part];
    const action = `bring the ring ${part} back; gateways keep their last ring`;
    if (error === undefined) trouble.recovered({ event: `${part}-recovered` }, `the ring ${part} accepts rings again`);
    else trouble.failed({ event: `${part}-unavailable`, action }, error);
  }
}
