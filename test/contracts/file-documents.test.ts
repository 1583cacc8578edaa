import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileDocuments } from '@wscluster/controller/adapters/local/documents';
import { documentsContract } from './documents.ts';

documentsContract('the folder', async () => {
  const root = await mkdtemp(join(tmpdir(), 'documents-'));
  const folder = join(root, 'chat');
  return {
    open: () => openFileDocuments(folder),
    damage: (name, text) => writeFile(join(folder, `${name}.json`), text),
    async breakStorage() {
      // A file where the folder was: refused also to root, whom no permission stops.
      await rm(folder, { recursive: true });
      await writeFile(folder, '');
    },
    dispose: () => rm(root, { recursive: true }),
  };
});
