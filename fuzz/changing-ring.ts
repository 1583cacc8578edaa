import { MIGRATING } from '@wscluster/gateway/testing/migrations';
import { CLUSTER, releaseUpTo, revision, ringMessage, ringOf, type TestNode } from '@wscluster/gateway/testing/rings';
import {
  changedRing,
  encodeChange,
  type Ring,
  type RingChange,
  type RingMessage,
  settingsDigest,
  slotOf,
} from '@wscluster/ring';
import type { Way } from './case.ts';

/** What is asked for within this time changes together, ms. */
const CHANGE_MS = 50;
/** After so many changes `onLost` is the other one. */
const SAME_SETTINGS = 64;
const REDIALLING = { ...MIGRATING, moves: { ...MIGRATING.moves, onLost: 'redial' as const } };

/** The nodes of the honest clients and those of all others. */
export interface Camps {
  readonly hostile: readonly TestNode[];
  readonly honest: readonly TestNode[];
}

/** A ring in which the owner of a key changes whenever somebody asks for that; each within its camp. */
export class ChangingRing {
  readonly #camps: Camps;
  readonly #honestKeys: ReadonlyMap<number, string>;
  readonly #broadcast: (change: RingChange | RingMessage) => void;
  readonly #asked = new Map<number, number>();
  #ring: Ring;
  #change: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(camps: Camps, honestKeys: readonly string[], broadcast: (change: RingChange | RingMessage) => void) {
    this.#camps = camps;
    this.#honestKeys = new Map(honestKeys.map((key) => [slotOf(key), key]));
    this.#broadcast = broadcast;
    const nodes = [...camps.hostile, ...camps.honest];
    const ownerOf = (slot: number) => (this.#honestKeys.has(slot) ? camps.hostile.length : 0);
    this.#ring = ringOf(revision(1), nodes, ownerOf);
  }

  /** The whole of it. */
  get message(): RingMessage {
    return ringMessage(this.#ring, undefined, this.#settings);
  }

  /** Resolves once the gateway has been told of all that was asked for. */
  get told(): Promise<void> {
    return this.#change ?? Promise.resolve();
  }

  /** The key gets another owner with the next change, unless it is hostile and shares its slot with an honest one. */
  move(key: string, way: Way): void {
    const slot = slotOf(key);
    const honest = this.#honestKeys.get(slot);
    if (honest !== undefined && honest !== key) return;
    const { hostile, honest: honestNodes } = this.#camps;
    const [first, count] = honest === undefined ? [0, hostile.length] : [hostile.length, honestNodes.length];
    const owner = this.#asked.get(slot) ?? (this.#ring.table[slot] as number);
    const step = way === 'on' ? 1 : count - 1;
    this.#asked.set(slot, first + ((owner - first + step) % count));
    this.#change ??= new Promise((resolve) => {
      this.#timer = setTimeout(() => {
        this.#publish();
        this.#change = undefined;
        resolve();
      }, CHANGE_MS);
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #publish(): void {
    const before = this.#ring;
    const settingsBefore = settingsDigest(this.#settings);
    this.#ring = changedRing(before, revision(before.revision.version + 1), undefined, this.#asked);
    this.#asked.clear();
    const release = releaseUpTo(this.#ring.revision);
    const context = { cluster: CLUSTER, release, settings: this.#settings, settingsBefore };
    this.#broadcast(encodeChange(before, this.#ring, context) ?? this.message);
  }

  get #settings(): typeof MIGRATING | typeof REDIALLING {
    return Math.floor(this.#ring.revision.version / SAME_SETTINGS) % 2 === 0 ? MIGRATING : REDIALLING;
  }
}
