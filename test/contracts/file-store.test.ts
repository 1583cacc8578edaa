import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openFileStore } from '@wscluster/transport';
import { ringStoreContract } from './ring-store.ts';

const saver = fileURLToPath(new URL('support/file-saver.ts', import.meta.url));

ringStoreContract('the file store', async () => {
  const root = await mkdtemp(join(tmpdir(), 'store-'));
  const path = join(root, 'below', 'chat', 'ring.json');
  return {
    open: () => openFileStore({ path }),
    async damage(payload) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, payload);
    },
    startSaver: (epoch, count) =>
      spawn(process.execPath, [saver, path, String(epoch), String(count)], { stdio: ['ignore', 'pipe', 'inherit'] }),
    async leftovers() {
      const files = await readdir(dirname(path)).catch(() => []);
      // The lock stays on purpose, see withFileLock.
      return files.filter((file) => file !== 'ring.json' && file !== 'ring.json.lock');
    },
    dispose: () => rm(root, { recursive: true }),
  };
});
