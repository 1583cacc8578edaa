import type { KubeObject } from './object.ts';

interface Entry<Kept> {
  readonly resourceVersion: string;
  /** Undefined: the object exists, but is not one of ours. */
  readonly kept: Kept | undefined;
}

/**
 * The store of an informer: what it keeps of the objects of one kind, from lists, from watches, and from answers to
 * writes, which may arrive before the watch's events.
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

  /**
   * Takes a complete list. `seen`: the newest version that earlier lists and watches had. True if that changed
   * anything.
   */
  replace(objects: readonly Raw[], listed: string, seen?: string): boolean {
    const uids = new Set(objects.map(({ metadata }) => metadata.uid));
    let changed = false;
    // The server was restored to an earlier state: newer objects no longer exist.
    if (seen !== undefined && isNewer(seen, listed) && !isNewer(listed, seen)) {
      this.#entries.clear();
      this.#objects.clear();
      changed = true;
    }
    for (const [uid, { resourceVersion }] of this.#entries) {
      // Written after the list was made: the watch will report it.
      if (uids.has(uid) || isNewer(resourceVersion, listed)) continue;
      this.#drop(uid);
      changed = true;
    }
    for (const object of objects) changed = this.set(object) || changed;
    return changed;
  }

  /** True if that changed anything. */
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

  /**
   * Takes the answer to a write. `seen`: the version up to which the watch has reported everything, including
   * deletions.
   */
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

/**
 * Versions are increasing numbers. A version that is not a number (the API may have another storage) counts as newer.
 */
function isNewer(version: string, than: string): boolean {
  if (!/^\d+$/.test(version) || !/^\d+$/.test(than)) return version !== than;
  return version.length === than.length ? version > than : version.length > than.length;
}
