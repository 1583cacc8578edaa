import type { SourceHandlers, Workload, WorkloadSource } from '@wscluster/controller';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { http } from '../e2e/support/http.ts';
import { until } from '../e2e/support/wait.ts';

/** What an adapter's test provides: a place of its own for nodes, and hands to act on them behind the source's back. */
export interface SourceHarness {
  /** Opens the source on this place; several times in a row means controllers that follow one another. */
  open(handlers: SourceHandlers): Promise<WorkloadSource>;
  /** Ends a node as a crash does. */
  crash(id: string): Promise<void>;
  /** Asks a node to end, as an operator does who does not know of the source. */
  terminate(id: string): Promise<void>;
  /** Freezes a node so that it answers nothing; thaw undoes it. */
  freeze(id: string): Promise<void>;
  thaw(id: string): Promise<void>;
  /** Removes all that was made; fails when something is left that should not be. */
  dispose(): Promise<void>;
}

/** Every WorkloadSource passes this, on real nodes. */
export function workloadSourceContract(name: string, createHarness: () => Promise<SourceHarness>): void {
  describe(`${name} as a workload source`, () => {
    let harness: SourceHarness;
    let source: WorkloadSource;
    let changes = 0;
    const open = async () => {
      source = await harness.open({ onChange: () => changes++ });
    };
    beforeEach(async () => {
      changes = 0;
      harness = await createHarness();
      await open();
    });
    afterEach(async () => {
      await source.endAll();
      await source.close();
      await harness.dispose();
    });

    const find = async (id: string): Promise<Workload | undefined> => (await source.list()).find((w) => w.id === id);
    /** Waits for a phase, and for the source to have said that something changed. */
    const reaches = async (
      id: string,
      phase: Workload['phase'] | 'ended',
      deadlineMs = 20_000,
      said = () => changes,
    ) => {
      const seen = said();
      const there = (found: Workload | undefined) =>
        phase === 'ended' ? found === undefined || found.phase === 'gone' : found?.phase === phase;
      if (there(await find(id))) return;
      await until(`node ${id} is ${phase}`, async () => there(await find(id)), deadlineMs);
      // What is listed may be newer than what was said.
      await until('that is said', () => said() > seen);
    };
    const createReady = async () => {
      const id = await source.create();
      await reaches(id, 'ready');
      return id;
    };
    const answers = async (id: string) => {
      const address = (await find(id))?.address;
      return (await http('GET', `http://${address}/healthz`)).status === 200;
    };

    test('a node that it starts is listed at once and becomes ready at an address that answers', async () => {
      const id = await source.create();
      expect(await find(id)).toMatchObject({ id, phase: 'starting', managed: true });
      await reaches(id, 'ready');
      expect(await answers(id)).toBe(true);
    });

    test('a node that crashes is gone', async () => {
      const [first, second] = [await createReady(), await createReady()];
      await harness.crash(first);
      await reaches(first, 'ended');
      expect(await find(second)).toMatchObject({ phase: 'ready' });
    });

    test('a node that it kills is gone', async () => {
      const id = await createReady();
      await source.kill(id);
      await reaches(id, 'ended');
    });

    test('a drained node goes on serving and is still draining for the next controller', async () => {
      const id = await createReady();
      const asked = Date.now();
      await source.drain(id);
      await reaches(id, 'draining');
      expect(await answers(id)).toBe(true);
      await source.close();
      await open();
      await reaches(id, 'draining');
      expect((await find(id))?.drainingSince).toBeGreaterThanOrEqual(asked - 1);
      expect(await answers(id)).toBe(true);
    });

    test('a node that somebody else asks to end is draining, and then gone', async () => {
      const id = await createReady();
      await harness.terminate(id);
      await reaches(id, 'draining');
      await reaches(id, 'ended');
    });

    test('a node that is asked to stop ends', async () => {
      const id = await createReady();
      await source.stop(id);
      await reaches(id, 'ended');
    });

    test('a frozen node is unready, and ready again when it answers', async () => {
      const id = await createReady();
      await harness.freeze(id);
      await reaches(id, 'unready');
      await harness.thaw(id);
      await reaches(id, 'ready');
    });

    test('nodes outlive the source, and the next one finds them', async () => {
      const id = await createReady();
      const address = (await find(id))?.address;
      await source.close();
      await open();
      await reaches(id, 'ready');
      expect((await find(id))?.address).toBe(address);
    });

    test('a node that ended while nobody watched is not listed as running', async () => {
      const id = await createReady();
      await source.close();
      await harness.crash(id);
      await open();
      await reaches(id, 'ended');
    });

    test('once closed it says nothing more', async () => {
      const id = await createReady();
      await source.close();
      const said = changes;
      let heard = 0;
      source = await harness.open({ onChange: () => heard++ });
      await harness.crash(id);
      await reaches(id, 'ended', undefined, () => heard);
      expect(changes).toBe(said);
    });

    test('nodes of another cluster are neither listed nor ended', async () => {
      const elsewhere = await createHarness();
      const other = await elsewhere.open({ onChange: () => {} });
      try {
        const [mine, theirs] = [await createReady(), await other.create()];
        expect((await source.list()).map(({ id }) => id)).toEqual([mine]);
        expect((await other.list()).map(({ id }) => id)).toEqual([theirs]);
        await source.endAll();
        const listed = (await other.list()).find(({ id }) => id === theirs);
        expect(['starting', 'ready']).toContain(listed?.phase);
      } finally {
        await other.endAll();
        await other.close();
        await elsewhere.dispose();
      }
    });

    test('an unknown node is NOT_FOUND', async () => {
      for (const call of [source.drain('nobody'), source.stop('nobody'), source.kill('nobody')])
        await expect(call).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    test('endAll leaves no node', async () => {
      const ids = [await createReady(), await source.create()];
      await source.endAll();
      for (const id of ids) await reaches(id, 'ended');
    });
  });
}
