/**
 * A lock that controllers share: a key in Redis, or a Lease of Kubernetes. It does not decide who leads: it takes,
 * renews and releases, and reports what it finds. take, renew and release are called one at a time. All calls but close
 * reject if the service cannot be reached or refuses.
 */
export interface Lock {
  readonly timing: LockTiming;
  readonly words: LockWords;
  /**
   * Takes the lock if it is free, or already ours because the answer to an earlier attempt was lost. `expired`: the
   * renewal of another holder whose time is over; a lock that still has that renewal is taken too.
   */
  take(expired: string | undefined): Promise<TakeResult>;
  /** Renews the lock after it was taken, even if it has vanished since. Writes nothing once `signal` is aborted. */
  renew(signal: AbortSignal): Promise<RenewResult>;
  /** Frees the lock, unless somebody else holds it. */
  release(): Promise<void>;
  /** The holder of the lock, which may be this process; undefined if there is none. May be called at any time. */
  look(): Promise<LockRecord | undefined>;
  /**
   * True if the service answered with this error, and somebody has to act. A lost connection is reported by the
   * connection itself.
   */
  isRefusal(error: unknown): boolean;
  /** Disconnects from the service. Releases nothing. */
  close(): Promise<void>;
}

export type TakeResult =
  | { readonly result: 'held' }
  /** The record is undefined if another process was faster, and it is not known which. */
  | { readonly result: 'held-by-other'; readonly record: LockRecord | undefined };

export type RenewResult = 'held' | 'lost';

/** What is known about a lock that somebody holds. */
export interface LockRecord {
  /** Base URL of the holder's API; undefined if the lock does not say so now. */
  readonly holder: string | undefined;
  /** Changes whenever the holder renews the lock, and only then. */
  readonly renewal: string;
  /** Milliseconds from when this renewal was first seen until its holder can no longer lead. */
  readonly expiresInMs: number;
}

export interface LockTiming {
  /** Milliseconds after which a holder that has not renewed the lock is replaced. */
  readonly leaseDurationMs: number;
  /** Milliseconds between two attempts to take the lock: random, between these. */
  readonly retryPeriodMs: { readonly min: number; readonly max: number };
  /** Milliseconds from a failed renewal to the next. */
  readonly renewRetryMs: number;
}

/** The words for a lock in log lines. */
export interface LockWords {
  /** In lower case, to begin the names of events. */
  readonly name: 'lock' | 'Lease';
  /** The service that keeps the lock. */
  readonly service: string;
  /** Fields of every line, which identify the lock. */
  readonly fields: Readonly<Record<string, string>>;
  /** Why another controller may hold a lock that this process renews. */
  readonly takenWhen?: string;
}
