import { expect, test } from 'vitest';
import { SerialQueue } from './serial-queue.ts';

test('work runs one after the other, in order, and each has its own result', async () => {
  const queue = new SerialQueue();
  const first = Promise.withResolvers<string>();
  const begun: number[] = [];
  const results = Promise.all([
    queue.run(() => {
      begun.push(1);
      return first.promise;
    }),
    queue.run(async () => begun.push(2)),
  ]);
  await Promise.resolve();
  expect(begun).toEqual([1]);
  first.resolve('one');
  expect(await results).toEqual(['one', 2]);
});

test('work that rejects or throws fails its caller, and the next one runs', async () => {
  const queue = new SerialQueue();
  const rejected = queue.run(() => Promise.reject(new Error('rejected')));
  const thrown = queue.run(() => {
    throw new Error('thrown');
  });
  const next = queue.run(() => 'next');
  await expect(rejected).rejects.toThrow('rejected');
  await expect(thrown).rejects.toThrow('thrown');
  expect(await next).toBe('next');
});

test('it is idle when all that was given has settled, failed or not', async () => {
  const queue = new SerialQueue();
  await queue.idle();
  const work = Promise.withResolvers<void>();
  const failing = queue.run(() => work.promise);
  let idle = false;
  const waiting = queue.idle().then(() => {
    idle = true;
  });
  await Promise.resolve();
  expect(idle).toBe(false);
  work.reject(new Error('failed'));
  await expect(failing).rejects.toThrow('failed');
  await waiting;
  expect(idle).toBe(true);
});
