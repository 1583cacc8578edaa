import type { Heartbeat } from '@wscluster/ring';
import { describe, expect, it } from 'vitest';
import { heartbeat, releaseUpTo, revision, ringOf } from '../testing/rings.ts';
import { ReleaseShares } from './release-shares.ts';

const part = (worker: number, connections: number, total: number) => ({ worker, workers: 2, connections, total });
const ring = ringOf(revision(1), [], () => undefined);
const at = (version: number, maxPerSecond: number): Heartbeat =>
  heartbeat(ring, { ...releaseUpTo(revision(version)), maxPerSecond });
const rateOf = (message: unknown) => (message as Heartbeat).release.maxPerSecond;

describe('the shares of workers in a pace', () => {
  it('go by their connections, and add up to the pace of the gateway', () => {
    const shares = new ReleaseShares();
    expect(rateOf(shares.shared(at(1, 100), part(1, 30, 40)))).toBe(75);
    expect(rateOf(shares.shared(at(1, 100), part(2, 10, 40)))).toBe(25);
  });

  it('stay while the same release is repeated, since another rate would begin its window anew', () => {
    const shares = new ReleaseShares();
    shares.shared(at(1, 100), part(1, 30, 40));
    expect(rateOf(shares.shared(at(1, 100), part(1, 5, 40)))).toBe(75);
    expect(rateOf(shares.shared(at(2, 100), part(1, 10, 40)))).toBe(25);
  });

  it('are equal while there are no connections, and never nothing, which would be no limit', () => {
    const shares = new ReleaseShares();
    expect(rateOf(shares.shared(at(1, 100), part(1, 0, 0)))).toBe(50);
    expect(rateOf(shares.shared(at(1, 100), part(2, 0, 40)))).toBeGreaterThan(0);
  });

  it('leave "no limit" and messages without a release as they are', () => {
    const shares = new ReleaseShares();
    expect(rateOf(shares.shared(at(1, 0), part(1, 30, 40)))).toBe(0);
    const recall = { wire: 1, type: 'recall', cluster: 'chat' } as const;
    expect(shares.shared(recall, part(1, 30, 40))).toBe(recall);
  });
});
