import { type Member, messageOf, type Revision, WsClusterError } from '@wscluster/ring';
import { CoalescedRunner, type Logger, Trouble } from '@wscluster/service';
import type { Registry } from '../ports/registry.ts';

/** The registry is compared with the ring this often, even without events: others write there too. */
const RESYNC_MS = 10_000;
/** A registry that is back is noticed within this time. */
const MAX_RETRY_MS = 2_000;

/**
 * `error` is undefined if the registry holds what the ring says. Not synced yet: `synced` is false and there is no
 * error.
 */
export interface RegistryStatus {
  readonly synced: boolean;
  readonly error: string | undefined;
}

export interface RegistrySyncParts {
  readonly registry: Registry;
  readonly log: Logger;
  /** False once this process may no longer write. */
  readonly leading: () => boolean;
  /** The status has changed. */
  readonly onStatus: (status: RegistryStatus) => void;
  /** Default 10 s; milliseconds. */
  readonly resyncMs?: number;
}

/**
 * Makes the registry follow the ring at its own speed: if it is slow or down, nothing waits for it. Only the newest
 * members count; a failed sync is retried with back-off.
 */
export class RegistrySync {
  readonly #parts: RegistrySyncParts;
  readonly #runner: CoalescedRunner;
  readonly #trouble: Trouble;
  #wanted: { members: readonly Member[]; revision: Revision; text: string } | undefined;
  #status: RegistryStatus = { synced: false, error: undefined };

  constructor(parts: RegistrySyncParts) {
    this.#parts = parts;
    this.#trouble = new Trouble(parts.log);
    this.#runner = new CoalescedRunner(
      () => this.#sync(),
      (error) => this.#fail(error),
      MAX_RETRY_MS,
    );
  }

  get status(): RegistryStatus {
    return this.#status;
  }

  /** Sets what the registry should hold from now on. */
  want(members: readonly Member[], revision: Revision): void {
    const text = JSON.stringify(members);
    if (text === this.#wanted?.text) return;
    this.#wanted = { members, revision, text };
    this.#runner.signal();
  }

  /** Ends the sync in progress; registered instances stay. */
  async close(): Promise<void> {
    const stopped = this.#runner.stop();
    await this.#parts.registry.close();
    await stopped;
  }

  async #sync(): Promise<void> {
    const { registry, leading, resyncMs = RESYNC_MS } = this.#parts;
    if (this.#wanted === undefined || !leading()) return;
    await registry.sync(this.#wanted.members, this.#wanted.revision);
    this.#trouble.recovered({ event: 'registry-recovered' }, 'the registry holds the ring again');
    this.#become({ synced: true, error: undefined });
    this.#runner.signalIn(resyncMs);
  }

  #fail(error: unknown): void {
    if (error instanceof WsClusterError && error.code === 'SHUTTING_DOWN') return;
    const message = messageOf(error);
    this.#trouble.failed(
      { event: 'registry-unavailable', error, action: 'bring the registry back; routing does not need it' },
      message,
    );
    this.#become({ synced: false, error: message });
  }

  #become(status: RegistryStatus): void {
    if (status.synced === this.#status.synced && status.error === this.#status.error) return;
    this.#status = status;
    this.#parts.onStatus(status);
  }
}
