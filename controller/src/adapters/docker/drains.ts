import { messageOf } from '@wscluster/ring';
import { type Logger, SerialQueue, Trouble } from '@wscluster/service';
import { hasStarted } from './facts.ts';

/** Keeps which nodes were asked to leave, since labels of a container cannot be changed: node id to Unix ms. */
export interface DrainStore {
  load(): Promise<Readonly<Record<string, number>>>;
  save(drains: Readonly<Record<string, number>>): Promise<void>;
}

/** The engine's clock may be this far ahead of ours, ms. */
const CLOCK_SKEW_MS = 60_000;

interface Drain {
  readonly since: number;
  /** When the run that it is meant for began, by the engine's clock; undefined until that is known. */
  run: number | undefined;
}

/** Which containers were asked to leave, and when. What is started again has left and come back. */
export class Drains {
  readonly #store: DrainStore;
  readonly #saves = new SerialQueue();
  readonly #trouble: Trouble;
  readonly #drains: Map<string, Drain>;
  #unsaved = false;

  private constructor(store: DrainStore, log: Logger, loaded: Readonly<Record<string, number>>) {
    this.#store = store;
    this.#trouble = new Trouble(log);
    this.#drains = new Map(Object.entries(loaded).map(([id, since]) => [id, { since, run: undefined }]));
  }

  static async load(store: DrainStore, log: Logger): Promise<Drains> {
    return new Drains(store, log, await store.load());
  }

  since(id: string): number | undefined {
    return this.#drains.get(id)?.since;
  }

  /** Marks it as asked to leave, if it is not yet; resolves once that is kept, and is undone when it cannot be. */
  async add(id: string, run: number): Promise<void> {
    if (!this.#note(id, run)) return;
    try {
      await this.#save();
    } catch (error) {
      this.#drains.delete(id);
      throw error;
    }
  }

  /** As add; keeping it goes on in the background. */
  note(id: string, run: number): void {
    if (this.#note(id, run)) this.#unsaved = true;
  }

  /** Compares with the run that the container is in: drops the mark of an earlier one. */
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

  /** Forgets all other containers; saves what is not saved yet, in the background. */
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
    this.#drains.set(id, { since: Date.now(), run: hasStarted({ startedAt: run }) ? run : undefined });
    return true;
  }

  /** One after the other, each with all that is known when its turn comes. */
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
