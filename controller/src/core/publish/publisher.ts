import {
  type Broadcast,
  type ClusterSettings,
  compareRevisions,
  encodeChange,
  encodeRing,
  messageOf,
  type Release,
  type Reporting,
  type Revision,
  type Ring,
  type RingMessage,
  type Surplus,
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

/** Why store and bus cannot be used; undefined if they can. */
export interface PublishStatus {
  readonly storeError: string | undefined;
  readonly busError: string | undefined;
}

/** `stale`: the store holds a newer ring, from another leader: take a higher epoch. */
export type PublishResult = 'published' | 'stale';

export interface PublisherParts {
  readonly cluster: string;
  readonly bus: RingBusHub;
  readonly store: RingStore;
  readonly log: Logger;
  /** A store that takes longer than this does not delay the bus, ms: the clients of a lost node wait for the ring. */
  readonly storeFirstMs: number;
  /** Another controller may lead by now, see Leadership. */
  standingIn(): boolean;
  /** The store has lost its ring, so it may have lost other data too. */
  onStoreLost(): void;
}

/**
 * Writes rings to the store, then sends them over the bus, and repeats the essentials as heartbeats. Store first: a
 * follower that reads it because of a bus message must find that ring. If one of them fails, the other still happens;
 * the next heartbeat retries, and writes the ring again to a store that has lost it.
 */
export class Publisher {
  readonly #parts: PublisherParts;
  #last: RingMessage | undefined;
  /** The last ring that was sent to followers. */
  #base: { ring: Ring; settingsDigest: string } | undefined;
  /** The message that the store is known to hold. */
  #saved: RingMessage | undefined;
  /** The release that the store is known to hold with that message. */
  #savedRelease: Release | undefined;
  /** Since when the bus has accepted messages, monotonic ms; undefined while it does not. */
  #acceptedSince: number | undefined = Number.NEGATIVE_INFINITY;
  /** The revision of the last message that the store accepted. */
  #savedRevision: Revision | undefined;
  readonly #saves = new SerialQueue();
  /** The last requested save, until it has ended. */
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

  /** Since when the bus has carried messages without a break, monotonic ms; undefined while it does not. */
  get busSince(): number | undefined {
    const { connectedSince } = this.#parts.bus;
    if (connectedSince === undefined || this.#acceptedSince === undefined) return undefined;
    return Math.max(connectedSince, this.#acceptedSince);
  }

  async publish({ ring, ...context }: Publication): Promise<PublishResult> {
    const full = { cluster: this.#parts.cluster, ...context };
    const message = encodeRing(ring, full);
    const base = this.#base;
    this.#last = message;
    // Cleared first: if this publication fails, the next one must not be a change of it.
    this.#base = undefined;
    if ((await within(this.#parts.storeFirstMs, this.#save(message))) === 'stale') return 'stale';
    const change = base && encodeChange(base.ring, ring, { ...full, settingsBefore: base.settingsDigest });
    // A follower without the base of a change reads the store, so the ring must be there.
    const stored = this.#saved === message;
    if (await this.#broadcast(stored && change !== undefined ? change : message))
      this.#base = { ring, settingsDigest: message.settingsDigest };
    // A late save is not waited for: the next heartbeat checks it.
    return 'published';
  }

  /**
   * Sends the revision of the last published ring, with the present release. `reporting`: what gateways are told about
   * their reports; `surplus`: about clients that they have too many.
   */
  async heartbeat(release: Release, reporting?: Reporting, surplus: readonly Surplus[] = []): Promise<PublishResult> {
    const last = this.#last;
    if (last === undefined) return 'published';
    last.release = release;
    const saving = this.#saveIfLost(last);
    const { cluster, revision, digest, settingsDigest } = last;
    await this.#broadcast({
      ...({ wire: WIRE_MAJOR, type: 'heartbeat' } as const),
      ...{ cluster, revision, digest, settingsDigest, release },
      ...(this.#parts.standingIn() && { standIn: true }),
      ...(reporting && { reporting }),
      ...(surplus.length > 0 && { surplus: [...surplus] }),
    });
    if ((await saving) === 'stale') return 'stale';
    return 'published';
  }

  /** A store that was emptied, or restored to an older state, gets the ring again. */
  async #saveIfLost(message: RingMessage): Promise<'saved' | 'stale'> {
    if (this.#saved !== message) return this.#save(message);
    try {
      const held = await this.#parts.store.revision();
      const order = held === undefined ? -1 : compareRevisions(held, message.revision);
      this.#note('store', undefined);
      if (order > 0) return 'stale';
      if (order === 0) {
        await this.#saveRelease(message);
        return 'saved';
      }
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

  /** For followers that hear no heartbeats. */
  #saveRelease(message: RingMessage): Promise<void> {
    return this.#saves.run(async () => {
      const { revision, release } = message;
      if (this.#saved !== message || this.#savedRelease === release) return;
      await this.#parts.store.saveRelease(revision, release);
      if (this.#saved === message) this.#savedRelease = release;
    });
  }

  /** However often it is requested, a message is queued for one save. */
  #save(message: RingMessage): Promise<'saved' | 'stale'> {
    if (this.#saving?.message === message) return this.#saving.done;
    const done = this.#saves.run(() => this.#saveNewest(message));
    this.#saving = { message, done };
    const over = () => {
      if (this.#saving?.done === done) this.#saving = undefined;
    };
    done.then(over, over); // Its callers get the error.
    return done;
  }

  /**
   * A message that is no longer the last publication when its turn comes is not saved: a slow store would fall further
   * and further behind.
   */
  async #saveNewest(message: RingMessage): Promise<'saved' | 'stale'> {
    return this.#saved === message || this.#last !== message ? 'saved' : await this.#tryToSave(message);
  }

  /** A store that cannot be written counts as saved: gateways get the ring over the bus meanwhile. */
  async #tryToSave(message: RingMessage): Promise<'saved' | 'stale'> {
    const { release } = message;
    try {
      const result = await this.#parts.store.save(message, this.#savedRevision);
      if (result === 'regained') this.#noteLoss();
      // After a save whose answer was lost, the store already holds this very ring.
      if (result === 'stale' && !(await this.#isStored(message))) return 'stale';
      this.#saved = message;
      this.#savedRelease = release;
      this.#savedRevision = message.revision;
      this.#note('store', undefined);
    } catch (error) {
      this.#note('store', messageOf(error));
    }
    return 'saved';
  }

  /** The store holds an older ring than it was given, or none. */
  #noteLoss(): void {
    // So that the next save does not report it again.
    this.#savedRevision = undefined;
    this.#parts.log.warn(
      { event: 'store-lost-ring', action: 'check what emptied the store; the controller writes the ring again' },
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
      this.#acceptedSince ??= performance.now();
      this.#note('bus', undefined);
      return true;
    } catch (error) {
      this.#acceptedSince = undefined;
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
