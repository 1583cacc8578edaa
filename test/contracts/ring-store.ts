import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { compareRevisions, type RingMessage } from '@wscluster/ring';
import type { RingStore } from '@wscluster/transport';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../e2e/support/wait.ts';
import { ringAt } from './support/messages.ts';

/** What an adapter's test provides: a store of its own, and hands to disturb it from outside. */
export interface StoreHarness {
  /** Opens the store; each call is a handle of its own on the same storage. */
  open(): RingStore;
  /** Replaces the stored document by these bytes, behind the store's back. */
  damage(payload: Buffer): Promise<void>;
  /**
   * Starts a process that saves revisions `epoch`.1, `epoch`.2, ... up to `epoch`.`count`, each as soon as the former
   * is done, prints a line for each, and exits with 0 when every save was `saved` or `stale`.
   */
  startSaver(epoch: number, count: number): ChildProcess;
  /** What is left beside the stored document when all handles are closed: names of files, sockets, timers. */
  leftovers(): Promise<string[]>;
  /** Removes the store itself. */
  dispose(): Promise<void>;
}

/** Every RingStore passes this, on real storage. */
export function ringStoreContract(name: string, createHarness: () => Promise<StoreHarness>): void {
  describe(`${name} as a ring store`, () => {
    let harness: StoreHarness;
    let store: RingStore;
    const children = new Set<ChildProcess>();
    beforeEach(async () => {
      harness = await createHarness();
      store = harness.open();
    });
    afterEach(async () => {
      for (const child of children) child.kill('SIGKILL');
      children.clear();
      await store.close();
      await harness.dispose();
    });

    function startSaver(epoch: number, count = Number.MAX_SAFE_INTEGER) {
      const child = harness.startSaver(epoch, count);
      children.add(child);
      return { child, exited: once(child, 'exit'), saved: () => linesOf(child) };
    }
    const held = async () => (await store.load())?.revision;

    test('an empty store holds nothing', async () => {
      expect(await store.load()).toBeUndefined();
    });

    test('what is saved is what is loaded, by this handle and by another', async () => {
      const other = harness.open();
      for (const message of [ringAt(1, 1), ringAt(1, 2, 4096)]) {
        expect(await store.save(message)).toBe('saved');
        expect(await store.load()).toEqual(message);
        expect(await other.load()).toEqual(message);
      }
      await other.close();
    });

    test('only a newer revision is saved; an older or equal one changes nothing', async () => {
      const message = ringAt(2, 5);
      await store.save(message);
      for (const [epoch, version] of [
        [2, 5],
        [2, 4],
        [1, 99],
        [0, 0],
      ] as const) {
        expect(await store.save(ringAt(epoch, version, 7))).toBe('stale');
        expect(await store.load()).toEqual(message);
      }
      for (const [epoch, version] of [
        [2, 6],
        [3, 0],
      ] as const) {
        expect(await store.save(ringAt(epoch, version))).toBe('saved');
        expect(await held()).toEqual({ epoch, version });
      }
    });

    test('a release is replaced for the stored revision only, and the next ring comes with its own', async () => {
      const message = ringAt(1, 1);
      const release = { movableUpTo: { epoch: 1, version: 1 }, spreadMs: 700, maxPerSecond: 10 };
      await store.saveRelease(message.revision, release);
      expect(await store.load()).toBeUndefined();
      await store.save(message);
      await store.saveRelease({ epoch: 1, version: 0 }, release);
      expect(await store.load()).toEqual(message);
      await store.saveRelease(message.revision, release);
      expect(await store.load()).toEqual({ ...message, release });
      await store.save(ringAt(1, 2));
      expect(await store.load()).toEqual(ringAt(1, 2));
    });

    test('who saves learns that the store has lost what was saved before', async () => {
      const after = { epoch: 1, version: 3 };
      expect(await store.save(ringAt(1, 4), after)).toBe('regained');
      expect(await store.save(ringAt(1, 5), { epoch: 1, version: 4 })).toBe('saved');
      expect(await store.save(ringAt(1, 6), after)).toBe('saved');
      await harness.damage(Buffer.from(JSON.stringify(ringAt(1, 2))));
      expect(await store.save(ringAt(1, 7), { epoch: 1, version: 6 })).toBe('regained');
      await harness.damage(Buffer.from('{'));
      expect(await store.save(ringAt(2, 1), { epoch: 1, version: 7 })).toBe('regained');
      expect(await store.save(ringAt(1, 9), { epoch: 1, version: 8 })).toBe('stale');
    });

    const text = JSON.stringify(ringAt(4, 4));
    test.each([
      ['cut off', Buffer.from(text.slice(0, -100)), undefined],
      ['empty', Buffer.alloc(0), undefined],
      ['not a document', Buffer.from([0, 1, 2, 0xff]), undefined],
      ['without its members', Buffer.from(text.replace('"members"', '"mambers"')), 'members'],
      ['with a bad weight', Buffer.from(text.replace('"weight":1', '"weight":-1')), 'members.0.weight'],
      ['with another table', Buffer.from(JSON.stringify({ ...ringAt(4, 4), table: ringAt(4, 4, 2).table })), 'digest'],
      ['of another wire format', Buffer.from(text.replace('"wire":1', '"wire":2')), 'wire'],
    ])('a document that is %s is refused as damaged', async (_what, payload, field) => {
      await harness.damage(payload);
      const refusal = expect.objectContaining({ name: 'WsClusterError', code: 'MESSAGE_INVALID', field });
      await expect(store.load()).rejects.toEqual(refusal);
    });

    test('a damaged document still refuses what is older than its revision, and gives way to what is newer', async () => {
      await harness.damage(Buffer.from(text.replace('"weight":1', '"weight":-1')));
      expect(await store.save(ringAt(4, 4))).toBe('stale');
      expect(await store.save(ringAt(4, 5))).toBe('saved');
      expect(await held()).toEqual({ epoch: 4, version: 5 });
    });

    test('a document without a revision does not hold up the next ring', async () => {
      await harness.damage(Buffer.from('{'));
      expect(await store.save(ringAt(1, 1))).toBe('saved');
      expect(await held()).toEqual({ epoch: 1, version: 1 });
    });

    test('fields that this version does not know are ignored', async () => {
      await harness.damage(Buffer.from(JSON.stringify({ ...ringAt(1, 1), fromTheFuture: [1] })));
      expect(await store.load()).toEqual(ringAt(1, 1));
    });

    test('of many that save at once the highest wins, and none that asks later says that it did', async () => {
      const handles = Array.from({ length: 8 }, () => harness.open());
      const versions = Array.from({ length: 40 }, (_, index) => index + 1).sort((a, b) => hash(a) - hash(b));
      // By handle: answers over several connections may be read in another order than they were given.
      const orders = handles.map((): number[] => []);
      await Promise.all(
        versions.map(async (version, index) => {
          const at = index % handles.length;
          const result = await (handles[at] as RingStore).save(ringAt(1, version));
          if (result === 'saved') orders[at]?.push(version);
        }),
      );
      await Promise.all(handles.map((handle) => handle.close()));
      expect(orders.flat()).toContain(40);
      for (const order of orders) expect(order).toEqual([...order].sort((a, b) => a - b));
      expect(await held()).toEqual({ epoch: 1, version: 40 });
    });

    test('of several processes that save at once the highest revision wins, and it never goes back', async () => {
      const savers = [startSaver(1, 60), startSaver(2, 60), startSaver(3, 60)];
      const seen: RingMessage['revision'][] = [];
      let running = true;
      const watching = (async () => {
        while (running) seen.push((await held()) ?? { epoch: 0, version: 0 });
      })();
      const exits = await Promise.all(savers.map(({ exited }) => exited));
      running = false;
      await watching;
      expect(exits).toEqual(savers.map(() => [0, null]));
      expect(seen).toEqual([...seen].sort(compareRevisions));
      expect(await held()).toEqual({ epoch: 3, version: 60 });
    });

    test('a writer that is killed at any moment leaves a whole ring, and does not hold up the next', async () => {
      let before: RingMessage['revision'] = { epoch: 0, version: 0 };
      for (let epoch = 1; epoch <= 15; epoch++) {
        const { child, exited, saved } = startSaver(epoch);
        await until('the process saves', () => saved().length > 0, 20_000, 1);
        await delay((epoch * 7) % 23); // so that kills hit different moments of a save
        child.kill('SIGKILL');
        await exited;
        const after = (await store.load())?.revision;
        expect(after?.epoch).toBe(epoch);
        expect(compareRevisions(after ?? before, before)).toBeGreaterThan(0);
        before = after ?? before;
      }
      expect(await store.save(ringAt(99, 1))).toBe('saved');
      expect(await held()).toEqual({ epoch: 99, version: 1 });
    });

    test('a closed store refuses, may be closed twice, and leaves nothing behind', async () => {
      const before = await harness.leftovers();
      const other = harness.open();
      const saving = other.save(ringAt(1, 1));
      await other.close();
      await other.close();
      expect(await saving).toBe('saved');
      await expect(other.load()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await expect(other.save(ringAt(1, 2))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(await harness.leftovers()).toEqual(before);
      expect(await held()).toEqual({ epoch: 1, version: 1 });
    });
  });
}

const lines = new WeakMap<ChildProcess, string[]>();

/** What the process has printed so far, by lines. */
function linesOf(child: ChildProcess): string[] {
  const known = lines.get(child);
  if (known !== undefined) return known;
  const printed: string[] = [];
  lines.set(child, printed);
  child.stdout?.on('data', (chunk: Buffer) => printed.push(...String(chunk).split('\n').filter(Boolean)));
  return printed;
}

/** Any fixed order that is not ascending. */
function hash(version: number): number {
  return (version * 17) % 41;
}
