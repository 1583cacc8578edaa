import { messageOf } from '@wscluster/ring';
import { type Logger, SerialQueue, steadyNow, steadyOf, Trouble } from '@wscluster/service';
import { hasStarted } from './facts.ts';

/** Stores which nodes are draining, since labels of a container cannot be changed: node id to Unix ms. */
export interface DrainStore {
  load(): Promise<Readonly<Record<string, number>>>;
  save(drains: Readonly<Record<string, number>>): Promise<void>;
}

/** The engine's clock may be this far ahead of ours, ms. */
const CLOCK_SKEW_MS = 60_000;

interface Drain {
  readonly since: number;
  /** The same as a steady time. */
  readonly steadySince: number;
  /** When the run that it applies to began, by the engine's clock; undefined until that is known. */
  run: number | undefined;
}

/** Which containers are draining, and since when. A container that is started again is no longer draining. */
export class Drains {
  readonly #store: DrainStore;
  readonly #saves = new SerialQueue();
  readonly #trouble: Trouble;
  readonly #drains: Map<string, Drain>;
  #unsaved = false;

  private constructor(store: DrainStore, log: Logger, loaded: Readonly<Record<string, number>>) {
    this.#store = store;
    this.#trouble = new Trouble(log);
    this.#drains = new Map(
      Object.entries(loaded).map(([id, since]) => [id, { since, steadySince: steadyOf(since), run: undefined }]),
    );
  }

  static async load(store: DrainStore, log: Logger): Promise<Drains> {
    return new Drains(store, log, await store.load());
  }

  since(id: string): number | undefined {
    return this.#drains.get(id)?.since;
  }

  /** How long ago it was asked to leave, ms; 0 if it was not. */
  spentMs(id: string): number {
    const drain = this.#drains.get(id);
    return drain === undefined ? 0 : steadyNow() - drain.steadySince;
  }

  /**
   * Marks the container as draining, unless it is marked already. Resolves once that is saved; if it cannot be saved,
   * it is undone.
   */
  async add(id: string, run: number): Promise<void> {
    if (!this.#note(id, run)) return;
    try {
      await this.#save();
    } catch (error) {
      this.#drains.delete(id);
      throw error;
    }
  }

  /** Like add, but saves in the background. */
  note(id: string, run: number): void {
    if (this.#note(id, run)) this.#unsaved = true;
  }

  /** Compares the mark with the container's present run: drops the mark of an earlier run. */
  observe(id: string, run: number): void {
    const drain = this.#drains.get(id);
    if (drain === undefined || !hasStarted({ startedAt: run })) return;
    const before = drain.run ?? (run > drain.since + CLOCK_SKEW_MS ? undefined : run);
    if (before === run) drain.run = run;
    else {
      this.#drains.delete(id);
      this.#unsaved = true;
    }
  }

  /** Forgets all other containers, and saves what is not saved yet in the background. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#drains.keys()) {
      if (ids.has(id)) continue;
      this.#drains.delete(id);
      this.#unsaved = true;
    }
    if (this.#unsaved) void this.#save().catch(() => {});
  }

  /** Resolves when nothing is being saved. */
  async settled(): Promise<void> {
    await this.#saves.idle();
  }

  #note(id: string, run: number): boolean {
    if (this.#drains.has(id)) return false;
    this.#drains.set(id, {
      since: Date.now(),
      steadySince: steadyNow(),
      run: hasStarted({ startedAt: run }) ? run : undefined,
    });
    return true;
  }

  /** One save at a time, each with everything that is known when it begins. */
  #save(): Promise<void> {
    this.#unsaved = false;
    return this.#saves.run(() => this.#saveNow());
  }

  async #saveNow(): Promise<void> {
    try {
      await this.#store.save(Object.fromEntries([...this.#drains].map(([id, { since }]) => [id, since])));
    } catch (error) {
      this.#unsaved = true;
      const action = 'repair the store; until then a restarted controller does not know which nodes are draining';
      this.#trouble.failed(
        { event: 'drains-not-saved', error, action },
        `the list of draining nodes cannot be saved: ${messageOf(error)}`,
      );
      throw error;
    }
    this.#trouble.recovered({ event: 'drains-saved' }, 'the list of draining nodes is saved again');
  }
}
