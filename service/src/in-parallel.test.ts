import { expect, test } from 'vitest';
import { inParallel } from './in-parallel.ts';

/** Work that waits until it is told how to end. */
function held() {
  const begun: number[] = [];
  const ends = new Map<number, PromiseWithResolvers<string>>();
  const work = (item: number) => {
    begun.push(item);
    const end = Promise.withResolvers<string>();
    ends.set(item, end);
    return end.promise;
  };
  return { begun, work, end: (item: number) => ends.get(item) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('no more than the limit run at once, and the results are in the order of the items', async () => {
  const { begun, work, end } = held();
  const results = inParallel(2, [1, 2, 3], work);
  expect(begun).toEqual([1, 2]);
  end(2)?.resolve('b');
  await turn();
  expect(begun).toEqual([1, 2, 3]);
  end(3)?.resolve('c');
  end(1)?.resolve('a');
  expect(await results).toEqual(['a', 'b', 'c']);
});

test('after a failure nothing more is begun, and it rejects once the rest has ended', async () => {
  const { begun, work, end } = held();
  let settled = false;
  const results = inParallel(2, [1, 2, 3], work).finally(() => {
    settled = true;
  });
  results.catch(() => {});
  end(1)?.reject(new Error('first'));
  await turn();
  expect(settled).toBe(false);
  end(2)?.reject(new Error('second'));
  await expect(results).rejects.toThrow('first');
  expect(begun).toEqual([1, 2]);
});

test('nothing to do is done at once', async () => {
  expect(await inParallel(4, [], async () => 1)).toEqual([]);
});
