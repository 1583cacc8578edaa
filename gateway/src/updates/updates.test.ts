import {
  compareRevisions,
  encodeChange,
  type Heartbeat,
  type Release,
  type Ring,
  type RingChange,
  type RingMessage,
  settingsDigest,
} from '@wscluster/ring';
import { silentLogger } from '@wscluster/service';
import { DEFAULT_UPDATE_TIMING, RingUpdates } from '@wscluster/transport';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CurrentTable } from '../table/current-table.ts';
import { FakeStore } from '../testing/gateway-under-test.ts';
import { CLUSTER, heartbeat, releaseUpTo, revision, ringMessage, ringOf, SETTINGS } from '../testing/rings.ts';

const NODES = [
  { id: 'a', port: 1 },
  { id: 'b', port: 2 },
];

const ring = (version: number, owner = 0, epoch = 1) => ringOf(revision(version, epoch), NODES, () => owner);

/** As `ring`, but only a few slots have that owner, so that a change is small. */
const like = (version: number, owner = 0) => ringOf(revision(version), NODES, (slot) => (slot < 9 ? owner : 0));

function changeTo(to: Ring, from: Ring): RingChange {
  const context = { cluster: CLUSTER, release: releaseUpTo(from.revision), settings: SETTINGS };
  const change = encodeChange(from, to, { ...context, settingsBefore: settingsDigest(SETTINGS) });
  if (change === undefined) throw new Error('the change is a whole ring');
  return change;
}

let store: FakeStore;
let current: CurrentTable;
let releases: Release[];
let updates: RingUpdates;

beforeEach(() => {
  vi.useFakeTimers();
  store = new FakeStore();
  current = new CurrentTable();
  releases = [];
  updates = new RingUpdates({
    cluster: CLUSTER,
    store,
    holder: current,
    log: silentLogger,
    timing: DEFAULT_UPDATE_TIMING,
  });
  updates.subscribe({ onRelease: (release) => releases.push(release) });
});

afterEach(() => {
  updates.stop();
  vi.useRealTimers();
});

const held = () => current.table?.ring.revision;

describe('updates', () => {
  it('begin with the store, and go on with the bus', async () => {
    store.message = ringMessage(ring(3));
    await updates.start();
    expect(held()).toEqual(revision(3));
    updates.onBroadcast(ringMessage(ring(4)));
    expect(held()).toEqual(revision(4));
    expect(releases.map(({ movableUpTo }) => movableUpTo)).toEqual([revision(3), revision(4)]);
  });

  it('take a change of the ring that is held', async () => {
    store.message = ringMessage(like(3));
    await updates.start();
    updates.onBroadcast(changeTo(like(4, 1), like(3)));
    expect(held()).toEqual(revision(4));
    expect(current.table?.ring.digest).toBe(like(4, 1).digest);
    updates.onBroadcast(changeTo(like(5), like(4, 1)));
    expect(current.table?.ring.digest).toBe(like(5).digest);
  });

  it('read the store for a change of another ring, and for a damaged one', async () => {
    store.message = ringMessage(like(3));
    await updates.start();
    const loads = store.loads;
    store.message = ringMessage(like(5, 1));
    updates.onBroadcast(changeTo(like(5, 1), like(4)));
    await vi.advanceTimersByTimeAsync(10);
    expect(held()).toEqual(revision(5));
    store.message = ringMessage(like(6));
    updates.onBroadcast({ ...changeTo(like(6), like(5, 1)), digest: '0'.repeat(32) });
    expect(held()).toEqual(revision(5));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(held()).toEqual(revision(6));
    expect(store.loads).toBeGreaterThan(loads + 1);
  });

  it('refuse an older change', async () => {
    store.message = ringMessage(like(4));
    await updates.start();
    const loads = store.loads;
    updates.onBroadcast(changeTo(like(4, 1), like(3)));
    await vi.advanceTimersByTimeAsync(10);
    expect(current.table?.ring.digest).toBe(like(4).digest);
    expect(store.loads).toBe(loads);
  });

  it('refuse whatever is older, damaged or of another cluster', async () => {
    store.message = ringMessage(ring(3));
    await updates.start();
    const table = current.table;
    const newer = ringMessage(ring(4));
    const bad: RingMessage[] = [
      ringMessage(ring(2, 1)),
      ringMessage(ring(9, 1, 0)),
      { ...newer, digest: '0'.repeat(32) },
      { ...newer, table: newer.table.slice(0, -8) },
      { ...newer, cluster: 'another' },
    ];
    for (const message of bad) updates.onBroadcast(message);
    await vi.advanceTimersByTimeAsync(10);
    expect(current.table).toBe(table);
  });

  it('read the store when a heartbeat names something newer, and again until it is there', async () => {
    store.message = ringMessage(ring(3));
    await updates.start();
    updates.onBroadcast(heartbeat(ring(4)));
    await vi.advanceTimersByTimeAsync(150);
    expect(held()).toEqual(revision(3));
    store.message = ringMessage(ring(4));
    await vi.advanceTimersByTimeAsync(400);
    expect(held()).toEqual(revision(4));
  });

  it('let the store decide between two rings of one revision', async () => {
    store.message = ringMessage(ring(3, 1));
    await updates.start();
    updates.onBroadcast(ringMessage(ring(3, 0)));
    await vi.advanceTimersByTimeAsync(10);
    expect(current.table?.ring.digest).toBe(ring(3, 1).digest);
    store.message = ringMessage(ring(3, 0));
    updates.onBroadcast(heartbeat(ring(3, 0)));
    await vi.advanceTimersByTimeAsync(10);
    expect(current.table?.ring.digest).toBe(ring(3, 0).digest);
  });

  it('take settings that changed with a ring that did not', async () => {
    store.message = ringMessage(ring(3));
    await updates.start();
    const settings = { routes: SETTINGS.routes.slice(0, 1) };
    updates.onBroadcast(ringMessage(ring(4), releaseUpTo(revision(3)), settings));
    expect(current.table?.settings).toEqual(settings);
  });

  it('take the release of a heartbeat only for the ring that is in use', async () => {
    store.message = ringMessage(ring(3), releaseUpTo(revision(2)));
    await updates.start();
    updates.onBroadcast(heartbeat(ring(2), releaseUpTo(revision(9))));
    updates.onBroadcast(heartbeat(ring(3), releaseUpTo(revision(3))));
    expect(releases.map(({ movableUpTo }) => movableUpTo.version)).toEqual([2, 3]);
  });

  it('take a later release of the ring that is in use from the store, and no earlier one', async () => {
    store.message = ringMessage(ring(3), releaseUpTo(revision(1)));
    await updates.start();
    store.message = ringMessage(ring(3), releaseUpTo(revision(3)));
    await vi.advanceTimersByTimeAsync(6_000);
    store.message = ringMessage(ring(3), releaseUpTo(revision(2)));
    await vi.advanceTimersByTimeAsync(6_000);
    expect(releases.map(({ movableUpTo }) => movableUpTo.version)).toEqual([1, 3]);
  });

  it('poll the store while a leader stands in: another one may lead by now', async () => {
    store.message = ringMessage(ring(3));
    await updates.start();
    const standIn = { ...heartbeat(ring(3)), standIn: true } as const;
    const beats = async (message: Heartbeat, seconds: number) => {
      for (let second = 0; second < seconds; second++) {
        updates.onBroadcast(message);
        await vi.advanceTimersByTimeAsync(1_000);
      }
    };
    store.message = ringMessage(ring(1, 0, 2));
    await beats(heartbeat(ring(3)), 5);
    expect(held()).toEqual(revision(3));
    await beats(standIn, 3);
    expect(held()).toEqual(revision(1, 2));
    const { loads } = store;
    await beats(heartbeat(ring(1, 0, 2)), 10);
    expect(store.loads).toBe(loads);
  });

  it('poll the store each 2 s while no heartbeats come, and no more once they are back', async () => {
    store.message = ringMessage(ring(3));
    await updates.start();
    const beat = setInterval(() => updates.onBroadcast(heartbeat(ring(3))), 1_000);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(store.loads).toBe(1);

    clearInterval(beat);
    store.message = ringMessage(ring(5));
    await vi.advanceTimersByTimeAsync(6_500);
    expect(held()).toEqual(revision(5));
    const polled = store.loads;
    expect(polled).toBeGreaterThanOrEqual(2);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(Math.abs(store.loads - polled - 5)).toBeLessThanOrEqual(1);

    const again = setInterval(() => updates.onBroadcast(heartbeat(ring(5))), 1_000);
    await vi.advanceTimersByTimeAsync(1_500);
    const before = store.loads;
    await vi.advanceTimersByTimeAsync(10_000);
    clearInterval(again);
    expect(store.loads).toBe(before);
  });

  it('keep the last ring while the store is down, and catch up once it is back', async () => {
    store.message = ringMessage(ring(3));
    await updates.start();
    store.failing = true;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(held()).toEqual(revision(3));
    store.failing = false;
    store.message = ringMessage(ring(7));
    await vi.advanceTimersByTimeAsync(3_000);
    expect(compareRevisions(held() ?? revision(0), revision(7))).toBe(0);
  });

  it('read the store at each connect, since messages may have been missed', async () => {
    await updates.start();
    store.message = ringMessage(ring(3));
    updates.onConnected();
    await vi.advanceTimersByTimeAsync(10);
    expect(held()).toEqual(revision(3));
  });
});
