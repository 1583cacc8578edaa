/**
 * A lock that controllers share: a key in Redis, a Lease of Kubernetes. It holds no opinion on who leads: it takes, renews
 * and releases, and reports what it finds. take, renew and release are called one at a time. All but close reject when the
 * service cannot be reached or refuses.
 */
export interface Lock {
  readonly timing: LockTiming;
  readonly words: LockWords;
  /**
   * Takes the lock when it is free, or already ours since the answer to an earlier try was lost. `expired`: the renewal of
   * another holder whose time is over; a lock that is still at that renewal is taken too.
   */
  take(expired: string | undefined): Promise<TakeResult>;
  /** Renews a lock that was taken, also one that has vanished since. Writes nothing once `signal` is aborted. */
  renew(signal: AbortSignal): Promise<RenewResult>;
  /** Frees the lock for whoever comes first; leaves it alone when somebody else holds it. */
  release(): Promise<void>;
  /** Who holds the lock, ourselves included; undefined when nobody does. May be called at any time. */
  look(): Promise<LockRecord | undefined>;
  /** True when the service answered with this error: somebody has to act. The connection itself reports that it is lost. */
  isRefusal(error: unknown): boolean;
  /** Lets go of the service. Releases nothing. */
  close(): Promise<void>;
}

export type TakeResult =
  | { readonly result: 'held' }
  /** The record is undefined when another one was faster, and it is not known which. */
  | { readonly result: 'held-by-other'; readonly record: LockRecord | undefined };

export type RenewResult = 'held' | 'lost';

/** What is known of a lock that somebody holds. */
export interface LockRecord {
  /** Base URL of the holder's API; undefined when the lock does not tell it now. */
  readonly holder: string | undefined;
  /** Changes whenever the holder renews the lock, and does not change as long as it fails to. */
  readonly renewal: string;
  /** Milliseconds from when this renewal was first seen until its holder cannot lead any more. */
  readonly expiresInMs: number;
}

export interface LockTiming {
  /** Milliseconds after which a holder that has not renewed the lock is replaced. */
  readonly leaseDurationMs: number;
  /** Milliseconds from one try to take the lock to the next: random, between these. */
  readonly retryPeriodMs: { readonly min: number; readonly max: number };
  /** Milliseconds from a renewal that failed to the next. */
  readonly renewRetryMs: number;
}

/** How log lines speak of a lock. */
export interface LockWords {
  /** In lower case, it begins the names of events. */
  readonly name: 'lock' | 'Lease';
  /** Where the lock is kept. */
  readonly service: string;
  /** Fields of every line: which lock it is. */
  readonly fields: Readonly<Record<string, string>>;
  /** Why another controller may hold a lock that this one renews. */
  readonly takenWhen?: string;
}
