import {
  applyChange,
  type Broadcast,
  compareRevisions,
  decodeRing,
  encodeRing,
  formatRevision,
  type Heartbeat,
  messageOf,
  REVISION_ZERO,
  type Release,
  type Revision,
  type Ring,
  type RingChange,
  type RingContext,
  type RingMessage,
  WsClusterError,
} from '@wscluster/ring';
import { inBackground, type Logger, logBug, Trouble } from '@wscluster/service';
import type { FollowerHandlers } from './ring-bus.ts';
import type { RingReader } from './ring-store.ts';

/** When to read the store. Milliseconds. */
export interface UpdateTiming {
  /** After this much silence (three missed heartbeats) the store is polled, as it is while a leader stands in. */
  readonly silenceMs: number;
  readonly pollMs: number;
  /** Waits before a failed or outdated read is retried; the store may be written a moment after the heartbeat. */
  readonly retryMs: readonly number[];
}

export const DEFAULT_UPDATE_TIMING: UpdateTiming = { silenceMs: 3_000, pollMs: 2_000, retryMs: [100, 300, 900] };

/** What a follower does with its rings. */
export interface RingHolder {
  /**
   * Follows a ring from now on. `replace`: it may have the same revision as the previous one. `moved`: the slots whose
   * node differs from the previous ring, if known. Throws if it cannot use the ring.
   */
  take(ring: Ring, settings: Pick<RingMessage, 'settings' | 'settingsDigest'>, options: TakeOptions): void;
}

export interface TakeOptions {
  readonly replace: boolean;
  readonly moved?: readonly number[] | undefined;
}

/** Identifies a ring and its settings. */
type RingName = Pick<RingMessage, 'revision' | 'digest' | 'settingsDigest'>;

/** A ring and what was sent with it. */
interface Held extends RingContext {
  readonly ring: Ring;
  readonly settingsDigest: string;
}

export interface RingUpdatesContext {
  readonly cluster: string;
  readonly store: Pick<RingReader, 'load'>;
  readonly holder: RingHolder;
  readonly log: Logger;
  readonly timing: UpdateTiming;
  /** Which rings are logged at info: each (the default), or the first alone and the others at debug. */
  readonly logRings?: 'each' | 'first';
  /** An error that nobody expected. `event`: its name in the log. Default: it is logged. */
  readonly onBug?: (event: string, error: unknown) => void;
}

/** What else a follower learns from the bus and the store. Must not throw. */
export interface RingUpdatesListener {
  /** A release arrived for the current ring; every ring brings one, which comes after `take`. */
  onRelease?(release: Release): void;
  /** A new leader asks for the current ring. */
  onRecall?(held: RingMessage): void;
  /** From the leader: not from a former one. */
  onHeartbeat?(heartbeat: Heartbeat): void;
  /** (Re)connected to the bus. */
  onConnected?(): void;
}

/**
 * Keeps a follower's ring up to date from two sources: the bus, which is quick but may lose messages, and the store.
 * The store is read at the start, on each connect, when a heartbeat names another ring than the current one, and every
 * 2 s while there are no heartbeats, or only those of a leader that stands in. If both fail, the last ring stays in
 * use. An older or damaged ring never replaces another.
 */
export class RingUpdates implements FollowerHandlers {
  readonly #context: RingUpdatesContext;
  readonly #listeners = new Set<RingUpdatesListener>();
  readonly #storeTrouble: Trouble;
  readonly #silence: Trouble;
  #reading: Promise<void> | undefined;
  #readAgain = false;
  /** Begins anew with each heartbeat, so that it wakes the process every few seconds at most. */
  #silenceTimer: NodeJS.Timeout | undefined;
  /** Set while there are no heartbeats, or only those of a leader that stands in. */
  #polls: NodeJS.Timeout | undefined;
  #held: Held | undefined;
  #stopped = false;

  constructor(context: RingUpdatesContext) {
    this.#context = context;
    this.#storeTrouble = new Trouble(context.log);
    this.#silence = new Trouble(context.log);
  }

  /** Tells `listener` what happens from now on. */
  subscribe(listener: RingUpdatesListener): void {
    this.#listeners.add(listener);
  }

  /** Reads the store once, then watches for silence. Does not fail: without a ring the follower waits for one. */
  async start(): Promise<void> {
    this.#silenceTimer = setTimeout(() => this.#onSilence(), this.#context.timing.silenceMs);
    await this.#read();
  }

  /** Reads the store now, since somebody seems to know a newer ring: `wanted`, if that is known. */
  refresh(wanted?: RingName): void {
    inBackground(this.#context.log, 'ring-read-broken', this.#read(wanted));
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#silenceTimer);
    clearInterval(this.#polls);
  }

  /** What a follower without a ring is waiting for, and where to look. */
  get awaited(): string {
    if (this.#storeTrouble.problem !== undefined) return 'the ring store, which cannot be read; see the log';
    if (this.#silence.problem !== undefined) return 'a controller that leads the cluster; check whether one is running';
    return 'the first ring of the controller; see its /readyz';
  }

  onConnected(): void {
    for (const listener of this.#listeners) listener.onConnected?.();
    this.refresh();
  }

  onDisconnected(): void {}

  onBroadcast(message: Broadcast): void {
    if (this.#stopped) return;
    const { cluster, log } = this.#context;
    if (message.cluster !== cluster) {
      log.warn(
        { event: 'foreign-message', cluster: message.cluster, action: 'give each cluster its own bus address' },
        `ignored a message of cluster ${message.cluster}`,
      );
      return;
    }
    if (message.type === 'heartbeat') this.#onHeartbeat(message);
    else if (message.type === 'ring') this.#takeWhole(message, 'bus');
    else if (message.type === 'change') this.#takeChange(message);
    else this.#onRecall();
  }

  #onRecall(): void {
    if (this.#held === undefined || this.#listeners.size === 0) return;
    const held = encodeRing(this.#held.ring, this.#held);
    for (const listener of this.#listeners) listener.onRecall?.(held);
  }

  #onHeartbeat(heartbeat: Heartbeat): void {
    const order = compareRevisions(heartbeat.revision, this.#revision);
    // From a former leader, or from one that starts with a lower epoch and raises it when it gets our report.
    if (order < 0) return;
    this.#silence.recovered({ event: 'heartbeats-back' }, 'heartbeats of the controller arrive again');
    this.#silenceTimer?.refresh();
    this.#poll(heartbeat.standIn === true);
    for (const listener of this.#listeners) listener.onHeartbeat?.(heartbeat);
    if (order > 0 || !this.#holds(heartbeat)) this.refresh(heartbeat);
    else this.#takeRelease(heartbeat.release);
  }

  #takeRelease(release: Release): void {
    if (this.#held !== undefined) this.#held = { ...this.#held, release };
    this.#tellRelease(release);
  }

  #tellRelease(release: Release): void {
    for (const listener of this.#listeners) listener.onRelease?.(release);
  }

  /** Of the ring that is held, from the store: a read that took long is older than the last heartbeat. */
  #takeLaterRelease(release: Release): void {
    const held = this.#held?.release;
    if (held !== undefined && compareRevisions(release.movableUpTo, held.movableUpTo) > 0) this.#takeRelease(release);
  }

  get #revision(): Revision {
    return this.#held?.ring.revision ?? REVISION_ZERO;
  }

  #holds({ revision, digest, settingsDigest }: RingName): boolean {
    const { ring, settingsDigest: heldSettings } = this.#held ?? {};
    return (
      compareRevisions(this.#revision, revision) === 0 && ring?.digest === digest && heldSettings === settingsDigest
    );
  }

  #onSilence(): void {
    this.#silence.failed(
      { event: 'heartbeats-missing', action: 'check that the controller is running and the bus is reachable' },
      'no heartbeats from the controller; the last ring stays in use, and the store is polled',
    );
    this.#poll(true);
  }

  /** Polls the store from now on, or no longer. */
  #poll(wanted: boolean): void {
    if (wanted === (this.#polls !== undefined)) return;
    clearInterval(this.#polls);
    this.#polls = undefined;
    if (!wanted) return;
    this.#polls = setInterval(() => this.refresh(), this.#context.timing.pollMs);
    this.refresh();
  }

  /**
   * One read at a time; a request during a read is remembered. `wanted`: what the store should hold by now. Never
   * rejects.
   */
  #read(wanted?: RingName): Promise<void> {
    if (this.#reading !== undefined) {
      this.#readAgain = true;
      return this.#reading;
    }
    this.#reading = this.#readUntil(wanted)
      .catch((error: unknown) => this.#bug('ring-read-broken', error))
      .finally(() => {
        this.#reading = undefined;
        if (!this.#readAgain || this.#stopped) return;
        this.#readAgain = false;
        this.refresh();
      });
    return this.#reading;
  }

  async #readUntil(wanted: RingName | undefined): Promise<void> {
    for (const wait of [0, ...this.#context.timing.retryMs]) {
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      if (this.#stopped) return;
      const read = await this.#readOnce();
      if (read && (wanted === undefined || this.#has(wanted))) return;
    }
  }

  #has(wanted: RingName): boolean {
    return compareRevisions(this.#revision, wanted.revision) > 0 || this.#holds(wanted);
  }

  async #readOnce(): Promise<boolean> {
    const { store, cluster } = this.#context;
    let message: RingMessage | undefined;
    try {
      message = await store.load();
    } catch (error) {
      this.#storeTrouble.failed(
        { event: 'store-unreadable', error, action: 'check that the ring store is reachable and undamaged' },
        `the ring store cannot be read: ${messageOf(error)}; the last ring stays in use`,
      );
      return false;
    }
    this.#storeTrouble.recovered({ event: 'store-back' }, 'the ring store can be read again');
    if (!this.#stopped && message?.cluster === cluster) this.#takeWhole(message, 'store');
    return true;
  }

  #takeWhole(message: RingMessage, source: 'bus' | 'store'): void {
    const order = this.#held === undefined ? 1 : compareRevisions(message.revision, this.#revision);
    if (order < 0) {
      this.#refuse(message);
      return;
    }
    if (this.#holds(message)) {
      this.#takeLaterRelease(message.release);
      return;
    }
    if (order === 0) {
      const revision = formatRevision(message.revision);
      this.#context.log.warn(
        { event: 'ring-forked', revision, source, action: 'none: the store decides' },
        'two rings have the same revision',
      );
      if (source === 'bus') {
        this.refresh();
        return;
      }
    }
    this.#apply(() => ({ ring: decodeRing(message) }), message, source, order === 0);
  }

  /**
   * A change only helps a follower that holds its base. Others find the ring in the store, where it is written first.
   */
  #takeChange(change: RingChange): void {
    const held = this.#held;
    if (compareRevisions(change.revision, this.#revision) <= 0) {
      this.#refuse(change);
      return;
    }
    if (held === undefined || !this.#holds(change.base)) {
      this.refresh(change);
      return;
    }
    const context = { ...change, settings: change.settings ?? held.settings };
    if (!this.#apply(() => applyChange(held.ring, change), context, 'bus', false)) this.refresh(change);
  }

  #refuse({ revision }: RingName): void {
    this.#context.log.debug({ event: 'ring-refused', revision: formatRevision(revision) }, 'an older ring was refused');
  }

  #apply(
    read: () => { ring: Ring; moved?: readonly number[] },
    { cluster, release, settings, settingsDigest, vacancies }: Omit<Held, 'ring'>,
    source: 'bus' | 'store',
    replace: boolean,
  ): boolean {
    const { holder, log, logRings = 'each' } = this.#context;
    const level = logRings === 'each' || this.#held === undefined ? 'info' : 'debug';
    let ring: Ring;
    try {
      const made = read();
      ring = made.ring;
      holder.take(ring, { settings, settingsDigest }, { replace, moved: made.moved });
    } catch (error) {
      if (!(error instanceof WsClusterError)) {
        this.#bug('ring-not-applied', error);
        return false;
      }
      log.error(
        { event: 'ring-invalid', error, source, action: 'run the same version of all parts of the cluster' },
        `a ring cannot be applied: ${messageOf(error)}; the last ring stays in use`,
      );
      return false;
    }
    this.#held = { ring, cluster, release, settings, settingsDigest, vacancies: vacancies ?? [] };
    const revision = formatRevision(ring.revision);
    log[level](
      { event: 'ring-applied', revision, members: ring.members.length, source },
      `now follows ring ${revision}`,
    );
    this.#tellRelease(release);
    return true;
  }

  #bug(event: string, error: unknown): void {
    const { log, onBug } = this.#context;
    if (onBug === undefined) logBug(log, event, error);
    else onBug(event, error);
  }
}
