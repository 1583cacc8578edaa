import {
  type Broadcast,
  compareRevisions,
  decodeRing,
  formatRevision,
  type Heartbeat,
  messageOf,
  REVISION_ZERO,
  type Release,
  type Revision,
  type Ring,
  type RingMessage,
} from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import type { FollowerHandlers } from './ring-bus.ts';
import type { RingReader } from './ring-store.ts';

/** When to read the store. Milliseconds. */
export interface UpdateTiming {
  /** Three missed heartbeats: from here on the store is polled. */
  readonly silenceMs: number;
  readonly pollMs: number;
  /** Waits before a failed or outdated read is tried again; the store may be written a moment after the heartbeat. */
  readonly retryMs: readonly number[];
}

export const DEFAULT_UPDATE_TIMING: UpdateTiming = { silenceMs: 3_000, pollMs: 2_000, retryMs: [100, 300, 900] };

export type HeldRing = Pick<RingMessage, 'revision' | 'digest' | 'settingsDigest'>;

/** Where a follower keeps the ring that it goes by. */
export interface RingHolder {
  /** Undefined until the first ring is there. */
  readonly held: HeldRing | undefined;
  /** Goes by a ring from now on. `replace`: it may have the revision of the one that is held. Throws when it cannot. */
  take(ring: Ring, message: RingMessage, replace: boolean): void;
}

export interface RingUpdatesContext {
  readonly cluster: string;
  readonly store: Pick<RingReader, 'load'>;
  readonly holder: RingHolder;
  readonly log: Logger;
  readonly timing: UpdateTiming;
  /** A release came, for the ring that is held by now. */
  onRelease?(release: Release, ringChanged: boolean): void;
  /** A new leader asks for the ring that is held. */
  onRecall?(held: RingMessage): void;
  /** (Re)connected to the bus. */
  onConnected?(): void;
}

/**
 * Keeps a follower's ring current from two sources: the bus, which is quick and may lose messages, and the store, which is read
 * at the start, at each connect, when a heartbeat names something else than what is held, and every 2 s while there are
 * no heartbeats. With both gone the last ring stays in use. A ring that is older or damaged never replaces another.
 */
export class RingUpdates implements FollowerHandlers {
  readonly #context: RingUpdatesContext;
  #heardAt = performance.now();
  #polledAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  #readAgain = false;
  #timer: NodeJS.Timeout | undefined;
  #storeFailed = false;
  /** The ring that is held, as it came. */
  #last: RingMessage | undefined;
  #stopped = false;

  constructor(context: RingUpdatesContext) {
    this.#context = context;
  }

  /** Reads the store once, and keeps watch from then on. Does not fail: without a ring the follower has nothing to go by. */
  async start(): Promise<void> {
    const { silenceMs, pollMs } = this.#context.timing;
    this.#timer = setInterval(() => this.#watch(), Math.min(silenceMs, pollMs) / 4);
    await this.#read();
  }

  /** Reads the store now, since somebody seems to know a newer ring. */
  refresh(): void {
    void this.#read();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  onConnected(): void {
    this.#context.onConnected?.();
    void this.#read();
  }

  onDisconnected(): void {}

  onBroadcast(message: Broadcast): void {
    if (this.#stopped) return;
    const { cluster, log } = this.#context;
    if (message.cluster !== cluster) {
      log.warn(
        { event: 'foreign-message', cluster: message.cluster, action: 'give each cluster a bus address of its own' },
        `ignored a message of cluster ${message.cluster}`,
      );
      return;
    }
    if (message.type === 'heartbeat') this.#onHeartbeat(message);
    else if (message.type === 'ring') this.#take(message, 'bus');
    else if (this.#last !== undefined) this.#context.onRecall?.(this.#last);
  }

  #onHeartbeat(heartbeat: Heartbeat): void {
    const order = compareRevisions(heartbeat.revision, this.#revision);
    // A former leader, or one that starts with a lower epoch and raises it once it has our report.
    if (order < 0) return;
    if (this.#silent) this.#context.log.info({ event: 'heartbeats-back' }, 'the controller is heard again');
    this.#heardAt = performance.now();
    const { held } = this.#context.holder;
    if (order > 0 || held?.digest !== heartbeat.digest || held.settingsDigest !== heartbeat.settingsDigest)
      void this.#read(heartbeat);
    else this.#context.onRelease?.(heartbeat.release, false);
  }

  get #revision(): Revision {
    return this.#context.holder.held?.revision ?? REVISION_ZERO;
  }

  get #silent(): boolean {
    return performance.now() - this.#heardAt > this.#context.timing.silenceMs;
  }

  #watch(): void {
    const { timing, log } = this.#context;
    if (!this.#silent) {
      this.#polledAt = Number.NEGATIVE_INFINITY;
      return;
    }
    const now = performance.now();
    if (this.#polledAt === Number.NEGATIVE_INFINITY)
      log.warn(
        { event: 'heartbeats-missing', action: 'see that the controller runs and the bus is reachable' },
        'the controller is not heard; the last ring stays in use, and polling the store',
      );
    if (now - this.#polledAt < timing.pollMs) return;
    this.#polledAt = now;
    void this.#read();
  }

  /** One read at a time; a wish for another one meanwhile is remembered. `wanted`: what the store should hold by now. */
  #read(wanted?: Heartbeat): Promise<void> {
    if (this.#reading !== undefined) {
      this.#readAgain = true;
      return this.#reading;
    }
    this.#reading = this.#readUntil(wanted).finally(() => {
      this.#reading = undefined;
      if (!this.#readAgain || this.#stopped) return;
      this.#readAgain = false;
      void this.#read();
    });
    return this.#reading;
  }

  async #readUntil(wanted: Heartbeat | undefined): Promise<void> {
    for (const wait of [0, ...this.#context.timing.retryMs]) {
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      if (this.#stopped) return;
      const read = await this.#readOnce();
      if (read && (wanted === undefined || this.#has(wanted))) return;
    }
  }

  #has(wanted: Heartbeat): boolean {
    const { held } = this.#context.holder;
    const order = compareRevisions(this.#revision, wanted.revision);
    if (order !== 0) return order > 0;
    return held?.digest === wanted.digest && held.settingsDigest === wanted.settingsDigest;
  }

  async #readOnce(): Promise<boolean> {
    const { store, log, cluster } = this.#context;
    try {
      const message = await store.load();
      if (this.#storeFailed) log.info({ event: 'store-back' }, 'the ring store can be read again');
      this.#storeFailed = false;
      if (!this.#stopped && message?.cluster === cluster) this.#take(message, 'store');
      return true;
    } catch (error) {
      // Once per outage: it is polled every 2 s.
      if (!this.#storeFailed)
        log.warn(
          { event: 'store-unreadable', error, action: 'see that the ring store is reachable and undamaged' },
          `the ring store cannot be read: ${messageOf(error)}; the last ring stays in use`,
        );
      this.#storeFailed = true;
      return false;
    }
  }

  #take(message: RingMessage, source: 'bus' | 'store'): void {
    const { holder, log } = this.#context;
    const { held } = holder;
    const order = held === undefined ? 1 : compareRevisions(message.revision, held.revision);
    if (order < 0) {
      log.debug({ event: 'ring-refused', revision: formatRevision(message.revision) }, 'an older ring was refused');
      return;
    }
    const same = held?.digest === message.digest && held.settingsDigest === message.settingsDigest;
    if (order === 0 && same) return;
    if (order === 0) {
      log.warn(
        { event: 'ring-forked', revision: formatRevision(message.revision), source, action: 'none: the store decides' },
        'two rings have the same revision',
      );
      if (source === 'bus') {
        void this.#read();
        return;
      }
    }
    try {
      holder.take(decodeRing(message), message, order === 0);
      this.#last = message;
    } catch (error) {
      log.error(
        { event: 'ring-invalid', error, source, action: 'run all parts of the cluster at one version' },
        `a ring cannot be applied: ${messageOf(error)}; the last one stays in use`,
      );
      return;
    }
    log.info(
      { event: 'ring-applied', revision: formatRevision(message.revision), members: message.members.length, source },
      `goes by ring ${formatRevision(message.revision)}`,
    );
    this.#context.onRelease?.(message.release, true);
  }
}
