import type { Release } from '@wscluster/ring';

export function isSameRelease(a: Release, b: Release): boolean {
  return (
    a.movableUpTo.epoch === b.movableUpTo.epoch &&
    a.movableUpTo.version === b.movableUpTo.version &&
    a.spreadMs === b.spreadMs &&
    a.maxPerSecond === b.maxPerSecond
  );
}
