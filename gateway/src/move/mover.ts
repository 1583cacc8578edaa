import type { Release } from '@wscluster/ring';
import type { CurrentTable } from '../table/current-table.ts';
import type { Owner, Table } from '../table/table.ts';
import { Pacer } from './pacer.ts';
import { isDue, type Movable, planMoves } from './planner.ts';
import { isSameRelease } from './release.ts';
import type { Tracker } from './tracker.ts';

export interface MovingConnection extends Movable {
  told: boolean;
  /** While it is connecting: goes to the new owner instead. */
  redirect(owner: Owner): void;
  /** Takes it to the new owner, or tells its client to reconnect. */
  move(): void;
}

/**
 * Carries out the plan: it redirects at once, and spreads moves evenly over the window of the release. It plans again
 * at each table and each release; moves that are left from the last one come first, within the window of the new one. A
 * gateway that fell behind thus catches up, but never exceeds `maxPerSecond`.
 */
export class Mover<T extends MovingConnection> {
  readonly #current: CurrentTable;
  readonly #tracker: Tracker<T>;
  readonly #pacer: Pacer<T>;
  #release: Release | undefined;
  /** The table of the last plan. */
  #planned: Table | undefined;
  #moved = 0;
  #stopped = false;
  #reconsidering: NodeJS.Immediate | undefined;

  constructor(current: CurrentTable, tracker: Tracker<T>) {
    this.#current = current;
    this.#tracker = tracker;
    this.#pacer = new Pacer((entry) => this.#moveIfDue(entry), { isLimit: true });
  }

  /** The last release. */
  get release(): Release | undefined {
    return this.#release;
  }

  /** Connections moved since the start. */
  get moved(): number {
    return this.#moved;
  }

  /** Call this for each release that a message brings; one comes with every ring, once its table is in use. */
  update(release: Release): void {
    const released = this.#release === undefined || !isSameRelease(this.#release, release);
    this.#release = release;
    const { table } = this.#current;
    if (table === undefined || !(released || table !== this.#planned)) return;
    this.#planned = table;

    const { redirects, moves } = planMoves(table, this.#tracker, release);
    for (const { entry, owner } of redirects) entry.redirect(owner);
    if (this.#stopped) return;
    const left = new Set(this.#pacer.left);
    // Without a new release or new moves the current window goes on; each move is checked again when it is due.
    if (!released && moves.every((entry) => left.has(entry))) return;
    const due = new Set(moves);
    const items = [...[...left].filter((entry) => due.has(entry)), ...moves.filter((entry) => !left.has(entry))];
    this.#pacer.set(items, windowOf(release, items.length));
  }

  /** A connection that has moved may have to move again. */
  reconsider(): void {
    this.#reconsidering ??= setImmediate(() => {
      this.#reconsidering = undefined;
      this.#planned = undefined;
      if (this.#release !== undefined) this.update(this.#release);
    });
  }

  /** Stops moving; connections that are still connecting go to the right owner. */
  stop(): void {
    this.#stopped = true;
    clearImmediate(this.#reconsidering);
    this.#pacer.stop();
  }

  #moveIfDue(entry: T): void {
    const { table } = this.#current;
    if (table === undefined || this.#release === undefined || !isDue(entry, table, this.#release)) return;
    entry.told = true;
    this.#moved++;
    entry.move();
  }
}

/** Milliseconds over which `count` moves are spread: the window of the release, or longer if its rate requires it. */
function windowOf(release: Release, count: number): number {
  return Math.max(release.spreadMs, release.maxPerSecond === 0 ? 0 : (count / release.maxPerSecond) * 1000);
}
