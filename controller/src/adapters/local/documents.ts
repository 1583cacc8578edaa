import { join } from 'node:path';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { replaceFile, SeenFile } from '@wscluster/service';
import type { Documents } from '../../core/ports/documents.ts';

/** One JSON file per document, in the folder of the cluster's state. */
export function openFileDocuments(directory: string): Documents {
  const path = (name: string) => join(directory, `${name}.json`);
  // Controllers look at them every second.
  const files = new Map<string, SeenFile<string>>();
  const fileOf = (name: string) => {
    const file = files.get(name) ?? new SeenFile(path(name), (text) => text);
    files.set(name, file);
    return file;
  };
  return {
    async read(name) {
      let text: string | undefined;
      try {
        text = await fileOf(name).read();
      } catch (error) {
        throw new WsClusterError('STORE_UNAVAILABLE', `${path(name)}: cannot be read: ${messageOf(error)}`, {
          cause: error,
        });
      }
      if (text === undefined) return undefined;
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
