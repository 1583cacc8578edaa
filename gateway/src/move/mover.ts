import type { Release } from '@wscluster/ring';
import type { CurrentTable } from '../table/current-table.ts';
import type { Owner } from '../table/table.ts';
import { Pacer } from './pacer.ts';
import { isDue, type Movable, planMoves } from './planner.ts';
import type { Tracker } from './tracker.ts';

export interface MovingConnection extends Movable {
  told: boolean;
  /** Goes to the new owner instead, while connecting. */
  redirect(owner: Owner): void;
  /** Asks the client to come back. */
  move(): void;
}

/**
 * Carries out the plan: redirects at once, moves evenly over the window of the release. It plans afresh at each table
 * and each release; what the last one left undone is done first, within the window of the new one. So a gateway that
 * fell behind catches up, and never goes faster than `maxPerSecond`.
 */
export class Mover<T extends MovingConnection> {
  readonly #current: CurrentTable;
  readonly #tracker: Tracker<T>;
  readonly #pacer: Pacer<T>;
  #release: Release | undefined;
  #moved = 0;
  #stopped = false;

  constructor(current: CurrentTable, tracker: Tracker<T>) {
    this.#current = current;
    this.#tracker = tracker;
    this.#pacer = new Pacer((entry) => this.#moveIfDue(entry));
  }

  /** The last one that was taken. */
  get release(): Release | undefined {
    return this.#release;
  }

  /** Connections told to come back since the start. */
  get moved(): number {
    return this.#moved;
  }

  /** To be called after each swap of the table, and for each release that a message brings. */
  update(release: Release, tableChanged: boolean): void {
    const released = this.#release === undefined || !isSameRelease(this.#release, release);
    this.#release = release;
    const { table } = this.#current;
    if (table === undefined || !(released || tableChanged)) return;

    const { redirects, moves } = planMoves(table, this.#tracker, release);
    for (const { entry, owner } of redirects) entry.redirect(owner);
    if (this.#stopped) return;
    const left = new Set(this.#pacer.left);
    // Without a new release or anything to add, the window that runs goes on; each move is checked when its time comes.
    if (!released && moves.every((entry) => left.has(entry))) return;
    const due = new Set(moves);
    const items = [...[...left].filter((entry) => due.has(entry)), ...moves.filter((entry) => !left.has(entry))];
    this.#pacer.set(items, windowOf(release, items.length));
  }

  /** No more moves; connections that are not there yet still go to the right owner. */
  stop(): void {
    this.#stopped = true;
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

/** Milliseconds over which `count` moves are spread: those of the release, or more where its rate asks for it. */
function windowOf(release: Release, count: number): number {
  return Math.max(release.spreadMs, release.maxPerSecond === 0 ? 0 : (count / release.maxPerSecond) * 1000);
}

function isSameRelease(a: Release, b: Release): boolean {
  return (
    a.movableUpTo.epoch === b.movableUpTo.epoch &&
    a.movableUpTo.version === b.movableUpTo.version &&
    a.spreadMs === b.spreadMs &&
    a.maxPerSecond === b.maxPerSecond
  );
}
