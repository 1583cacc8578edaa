import type { Release } from '@wscluster/ring';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CurrentTable } from '../table/current-table.ts';
import type { Owner } from '../table/table.ts';
import { releaseUpTo, revision, ringMessage, ringOf } from '../testing/rings.ts';
import { Mover, type MovingConnection } from './mover.ts';
import { type Tracked, Tracker } from './tracker.ts';

const NODES = [
  { id: 'a', port: 1 },
  { id: 'b', port: 2 },
  { id: 'c', port: 3 },
];

class FakeConnection implements MovingConnection {
  next: Tracked | undefined = undefined;
  previous: Tracked | undefined = undefined;
  readonly kind = 'websocket';
  readonly portable = false;
  connecting = false;
  relaying = true;
  told = false;
  redirected: Owner | undefined;
  readonly slot: number;
  nodeId: string;
  readonly #onMove: () => void;

  constructor(slot: number, nodeId: string, onMove: () => void) {
    this.slot = slot;
    this.nodeId = nodeId;
    this.#onMove = onMove;
  }

  redirect(owner: Owner): void {
    this.redirected = owner;
  }

  move(): void {
    this.relaying = false;
    this.#onMove();
  }
}

let current: CurrentTable;
let tracker: Tracker<FakeConnection>;
let mover: Mover<FakeConnection>;
/** Times of the moves, ms since the start of the test. */
let moves: number[];

beforeEach(() => {
  vi.useFakeTimers();
  const start = performance.now();
  current = new CurrentTable();
  tracker = new Tracker();
  mover = new Mover(current, tracker);
  moves = [];
  for (let slot = 0; slot < 1000; slot++)
    tracker.add(new FakeConnection(slot, 'a', () => moves.push(performance.now() - start)));
  publish(1, () => 0);
});

afterEach(() => {
  mover.stop();
  vi.useRealTimers();
});

/** A ring and its release, as a gateway takes them. */
function publish(version: number, ownerOf: (slot: number) => number | undefined, release?: Partial<Release>): void {
  const ring = ringOf(revision(version), NODES, ownerOf);
  current.apply(ring, ringMessage(ring));
  mover.update({ ...releaseUpTo(revision(version)), ...release });
}

const below = (slots: number, owner: number) => (slot: number) => (slot < slots ? owner : 0);

describe('a mover', () => {
  it('moves exactly the connections whose owner changed, each once', () => {
    publish(2, below(300, 1));
    vi.runAllTimers();
    expect(mover.moved).toBe(300);
    expect(
      tracker
        .all()
        .filter(({ told }) => told)
        .map(({ slot }) => slot),
    ).toEqual([...Array(300).keys()]);
    publish(3, below(300, 2));
    vi.runAllTimers();
    expect(mover.moved).toBe(300);
  });

  it('leaves alone what nobody owns, and what came back to its owner', () => {
    publish(2, (slot) => (slot < 10 ? undefined : slot < 20 ? 1 : 0), { movableUpTo: revision(1) });
    publish(3, () => 0);
    vi.runAllTimers();
    expect(moves).toEqual([]);
  });

  it('moves nothing before its change is released', () => {
    publish(2, below(100, 1), { movableUpTo: revision(1) });
    publish(3, (slot) => (slot < 50 ? 2 : slot < 100 ? 1 : 0), { movableUpTo: revision(2) });
    vi.runAllTimers();
    // Those below 50 changed once more in the third ring, which some gateway does not have yet.
    expect(
      tracker
        .all()
        .filter(({ told }) => told)
        .map(({ slot }) => slot),
    ).toEqual([...Array(50).keys()].map((i) => i + 50));
    mover.update(releaseUpTo(revision(3)));
    vi.runAllTimers();
    expect(mover.moved).toBe(100);
  });

  it('spreads the moves of a release evenly over its time', () => {
    publish(2, below(500, 1), { spreadMs: 1000 });
    for (let tenth = 1; tenth <= 10; tenth++) {
      vi.advanceTimersByTime(100);
      expect(Math.abs(moves.length - tenth * 50)).toBeLessThanOrEqual(1);
    }
    expect(moves.length).toBe(500);
  });

  it('is never faster than the release allows', () => {
    publish(2, below(1000, 1), { spreadMs: 1000, maxPerSecond: 100 });
    vi.advanceTimersByTime(1000);
    expect(Math.abs(moves.length - 100)).toBeLessThanOrEqual(1);
    vi.advanceTimersByTime(9000);
    expect(moves.length).toBe(1000);
  });

  it('does what is left of a release first, within the time of the next one', () => {
    publish(2, below(100, 1), { spreadMs: 1000 });
    vi.advanceTimersByTime(500);
    publish(3, below(200, 1), { spreadMs: 1000 });
    const left = 100 - moves.length;
    vi.advanceTimersByTime(1000);
    expect(left).toBeGreaterThan(45);
    expect(moves.length).toBe(200);
  });

  it('does not start the time afresh for a ring that changes nothing for it', () => {
    publish(2, below(100, 1), { spreadMs: 1000 });
    vi.advanceTimersByTime(500);
    publish(3, below(100, 1), { spreadMs: 1000, movableUpTo: revision(2) });
    vi.advanceTimersByTime(500);
    expect(moves.length).toBe(100);
  });

  it('does not plan again for a heartbeat that repeats the release', () => {
    const plans = vi.spyOn(tracker, 'visitSlots');
    mover.update(releaseUpTo(revision(1)));
    expect(plans).not.toHaveBeenCalled();
    mover.update({ ...releaseUpTo(revision(1)), spreadMs: 1000 });
    expect(plans).toHaveBeenCalledOnce();
  });

  it('does not move a connection whose owner came back before its turn', () => {
    publish(2, below(100, 1), { spreadMs: 1000 });
    vi.advanceTimersByTime(500);
    const moved = moves.length;
    publish(3, () => 0, { spreadMs: 1000, movableUpTo: revision(2) });
    vi.runAllTimers();
    expect(moves.length).toBe(moved);
  });

  it('sends connecting ones to the new owner at once, released or not', () => {
    const [first, second] = tracker.all();
    if (first === undefined || second === undefined) throw new Error('no connections');
    first.connecting = true;
    first.relaying = false;
    publish(2, below(2, 1), { movableUpTo: revision(1) });
    expect(first.redirected?.nodeId).toBe('b');
    expect(second.redirected).toBeUndefined();
    expect(moves).toEqual([]);
  });
});
