import { describe, expect, test } from 'vitest';
import type { ContainerRow } from './engine.ts';
import type { ContainerFacts } from './facts.ts';
import { FactsCache } from './facts-cache.ts';

const row = (status: string) => ({ Id: 'c1', State: 'running', Status: status, Ports: [] }) as unknown as ContainerRow;
const facts = { id: 'c1' } as ContainerFacts;

describe('the facts of a container', () => {
  const counting = (...found: (ContainerFacts | undefined)[]) => {
    let reads = 0;
    const cache = new FactsCache(async () => {
      reads++;
      return found.length === 0 ? facts : found[0];
    });
    return { cache, reads: () => reads };
  };

  test('are read once for as long as nothing happens to it, however long it is up', async () => {
    const { cache, reads } = counting();
    for (const status of ['Up 1 second', 'Up 2 seconds', 'Up About a minute']) await cache.read(row(status));
    expect(reads()).toBe(1);
  });

  test('are read again after an event, after a gap in the events, and when its row in the list says more', async () => {
    const { cache, reads } = counting();
    await cache.read(row('Up 1 second (health: starting)'));
    cache.forget('c1');
    await cache.read(row('Up 1 second (health: starting)'));
    cache.forgetAll();
    await cache.read(row('Up 1 second (health: starting)'));
    await cache.read(row('Up 1 second (healthy)'));
    expect(reads()).toBe(4);
  });

  test('that an event overtook while they were read are not kept', async () => {
    let reads = 0;
    const cache: FactsCache = new FactsCache(async () => {
      if (++reads === 1) cache.forget('c1');
      return facts;
    });
    for (let n = 0; n < 3; n++) await cache.read(row('Up 1 second'));
    expect(reads).toBe(2);
  });

  test('are undefined, and asked for again, when the container is not there', async () => {
    const { cache, reads } = counting(undefined);
    expect(await cache.read(row('Up 1 second'))).toBeUndefined();
    await cache.read(row('Up 1 second'));
    expect(reads()).toBe(2);
  });
});
