import { expect, test } from 'vitest';
import { InProgress } from './in-progress.ts';

test('closing waits for what goes on, also for what fails', async () => {
  const works = new InProgress();
  const [kept, failed] = [Promise.withResolvers<void>(), Promise.withResolvers<never>()];
  for (const work of [Promise.resolve(), kept.promise, failed.promise]) works.add(work);
  let closed = false;
  const closing = works.settled().then(() => {
    closed = true;
  });
  failed.reject(new Error('failed'));
  await expect(failed.promise).rejects.toThrow('failed');
  expect(closed).toBe(false);
  kept.resolve();
  await closing;
  expect(closed).toBe(true);
});

test('nothing is to be waited for when nothing goes on', async () => {
  await new InProgress().settled();
});
