import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRing, encodeRing, NO_OWNER, SLOTS } from '@wscluster/ring';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openFileStore } from './file-store.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-'));
});

afterEach(() => rm(folder, { recursive: true }));

const ring = encodeRing(createRing({ epoch: 1, version: 1 }, [], new Uint16Array(SLOTS).fill(NO_OWNER)), {
  cluster: 'chat',
  release: { movableUpTo: { epoch: 0, version: 0 }, spreadMs: 0, maxPerSecond: 0 },
  settings: { routes: [] },
});

test('a folder that cannot be is STORE_UNAVAILABLE, naming the file', async () => {
  await writeFile(join(folder, 'file'), '');
  const path = join(folder, 'file', 'ring.json');
  const store = openFileStore({ path });
  const refusal = expect.objectContaining({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining(path) });
  await expect(store.save(ring)).rejects.toEqual(refusal);
  await expect(store.load()).rejects.toEqual(refusal);
  await store.close();
});

test('a damaged file is named, with the field', async () => {
  const path = join(folder, 'ring.json');
  await writeFile(path, JSON.stringify({ ...ring, digest: 'x' }));
  await expect(openFileStore({ path }).load()).rejects.toMatchObject({
    code: 'MESSAGE_INVALID',
    field: 'digest',
    message: expect.stringMatching(/ring\.json: digest: /),
  });
});

test('the file belongs to its owner alone, whatever it was before', async () => {
  const path = join(folder, 'ring.json');
  await writeFile(path, '{}');
  await chmod(path, 0o644);
  await openFileStore({ path }).save(ring);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});
