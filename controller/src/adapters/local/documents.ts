import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { replaceFile } from '@wscluster/service';
import type { Documents } from '../../core/ports/documents.ts';

/** One JSON file per document, in the folder of the cluster's state. */
export function openFileDocuments(directory: string): Documents {
  const path = (name: string) => join(directory, `${name}.json`);
  return {
    async read(name) {
      let text: string;
      try {
        text = await readFile(path(name), 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw new WsClusterError('STORE_UNAVAILABLE', `${path(name)}: cannot be read: ${messageOf(error)}`, {
          cause: error,
        });
      }
      try {
        return JSON.parse(text);
      } catch (error) {
        throw new WsClusterError('MESSAGE_INVALID', `${path(name)}: ${messageOf(error)}; delete it to start afresh`, {
          cause: error,
        });
      }
    },
    async write(name, document) {
      try {
        await replaceFile(path(name), `${JSON.stringify(document, null, 2)}\n`);
      } catch (error) {
        throw new WsClusterError('STORE_UNAVAILABLE', `${path(name)}: cannot be written: ${messageOf(error)}`, {
          cause: error,
        });
      }
    },
    close: async () => {},
  };
}
