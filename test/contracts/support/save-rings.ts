import type { RingStore } from '@wscluster/transport';
import { ringAt } from './messages.ts';

/** The body of a saver process, see StoreHarness.startSaver. */
export async function saveRings(store: RingStore, epoch: number, count: number): Promise<void> {
  for (let version = 1; version <= count; version++) {
    await store.save(ringAt(epoch, version));
    process.stdout.write(`${epoch}.${version}\n`);
  }
  await store.close();
}
