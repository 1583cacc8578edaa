import type { Leadership } from '@wscluster/controller';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../e2e/support/wait.ts';

export interface LeadershipHarness {
  /** A candidate for the one lead of this harness. */
  candidate(): Promise<Leadership>;
  /** Cuts a candidate off without a word, as the death of its process or of the network does. */
  cutOff?(candidate: Leadership): Promise<void>;
  dispose(): Promise<void>;
}

/** Every Leadership passes this. `exclusive`: of several candidates one leads at a time. */
export function leadershipContract(name: string, exclusive: boolean, create: () => Promise<LeadershipHarness>): void {
  describe(`${name} as leadership`, () => {
    let harness: LeadershipHarness;
    const never = new AbortController().signal;
    beforeEach(async () => {
      harness = await create();
    });
    afterEach(() => harness.dispose());

    test('a lone candidate is elected, and leads from then on', async () => {
      const candidate = await harness.candidate();
      expect(candidate.leading).toBe(false);
      const lead = await candidate.elected(never);
      expect(candidate.leading).toBe(true);
      expect(lead.aborted).toBe(false);
      expect(await candidate.confirm()).toBe(true);
      await candidate.close();
    });

    test('who gives the lead up does not lead, and may be elected again', async () => {
      const candidate = await harness.candidate();
      const lead = await candidate.elected(never);
      await candidate.release();
      expect(candidate.leading).toBe(false);
      expect(lead.aborted).toBe(true);
      expect((await candidate.elected(never)).aborted).toBe(false);
      expect(candidate.leading).toBe(true);
      await candidate.close();
    });

    test('a candidate that stops waiting is not elected', async () => {
      const candidate = await harness.candidate();
      await expect(candidate.elected(AbortSignal.abort())).rejects.toThrow();
      expect(candidate.leading).toBe(false);
      await candidate.close();
    });

    // Not skipped but not made: a lone controller has no second candidate.
    if (!exclusive) return;

    test('of two candidates one leads, and the other one when it gives up', async () => {
      const [first, second] = [await harness.candidate(), await harness.candidate()];
      await first.elected(never);
      const elected = second.elected(never);
      expect(second.leading).toBe(false);
      await first.release();
      await elected;
      expect([first.leading, second.leading]).toEqual([false, true]);
      await Promise.all([first.close(), second.close()]);
    });

    test('a leader that is cut off stops leading by its own clock, before the other one leads', async () => {
      const [first, second] = [await harness.candidate(), await harness.candidate()];
      const lead = await first.elected(never);
      await harness.cutOff?.(first);
      let overlapped = false;
      const elected = second.elected(never).then(() => {
        overlapped = first.leading;
      });
      await until('the other one leads', () => second.leading, 60_000);
      await elected;
      expect(overlapped).toBe(false);
      expect(lead.aborted).toBe(true);
      await Promise.all([first.close(), second.close()]);
    });
  });
}
