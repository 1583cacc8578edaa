import type { KubeObject } from './object.ts';

interface Entry<Kept> {
  readonly resourceVersion: string;
  /** Undefined: it exists, and is none of ours. */
  readonly kept: Kept | undefined;
}

/**
 * The store of an informer: what it keeps of the objects of one kind, from lists, from a watch, and from answers to
 * writes, which may overtake the watch.
 */
export class InformerStore<Raw extends KubeObject, Kept> {
  readonly #keep: (object: Raw) => Kept | undefined;
  readonly #entries = new Map<string, Entry<Kept>>();
  readonly #objects = new Map<string, Kept>();

  constructor(keep: (object: Raw) => Kept | undefined) {
    this.#keep = keep;
  }

  /** By uid. */
  get objects(): ReadonlyMap<string, Kept> {
    return this.#objects;
  }

  /** Takes over a whole list. `seen`: the newest version that lists and the watch told before. True when that changed anything. */
  replace(objects: readonly Raw[], listed: string, seen?: string): boolean {
    const uids = new Set(objects.map(({ metadata }) => metadata.uid));
    let changed = false;
    // The server was restored to an earlier state: what was newer has never been.
    if (seen !== undefined && isNewer(seen, listed) && !isNewer(listed, seen)) {
      this.#entries.clear();
      this.#objects.clear();
      changed = true;
    }
    for (const [uid, { resourceVersion }] of this.#entries) {
      // Written after the list was made: the watch will tell of it.
      if (uids.has(uid) || isNewer(resourceVersion, listed)) continue;
      this.#drop(uid);
      changed = true;
    }
    for (const object of objects) changed = this.set(object) || changed;
    return changed;
  }

  /** True when that changed anything. */
  set(object: Raw): boolean {
    const { uid, resourceVersion } = object.metadata;
    const before = this.#entries.get(uid);
    if (before !== undefined && !isNewer(resourceVersion, before.resourceVersion)) return false;
    const kept = this.#keep(object);
    this.#entries.set(uid, { resourceVersion, kept });
    if (kept === undefined) return this.#objects.delete(uid);
    this.#objects.set(uid, kept);
    return true;
  }

  remove({ metadata: { uid } }: Raw): boolean {
    return this.#drop(uid);
  }

  /** Takes in an answer to a write. `seen`: up to here the watch has told everything, deletions too. */
  note(object: Raw, seen: string | undefined): boolean {
    const { uid, resourceVersion } = object.metadata;
    if (!this.#entries.has(uid) && seen !== undefined && !isNewer(resourceVersion, seen)) return false;
    return this.set(object);
  }

  #drop(uid: string): boolean {
    this.#entries.delete(uid);
    return this.#objects.delete(uid);
  }
}

/** Versions are numbers that rise; one that is none (another storage may be behind the API) counts as newer. */
function isNewer(version: string, than: string): boolean {
  if (!/^\d+$/.test(version) || !/^\d+$/.test(than)) return version !== than;
  return version.length === than.length ? version > than : version.length > than.length;
}
