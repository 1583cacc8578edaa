import { messageOf, WsClusterError } from '@wscluster/ring';
import type { Logger, TextSource } from '@wscluster/service';
import { connectRedis, documentsKey } from '@wscluster/transport';
import type { Documents } from '../../core/ports/documents.ts';

export interface RedisDocumentsOptions {
  /**
   * `redis://[user:password@]host[:port][/db]`, or `rediss://` for TLS. If it changes, a new connection is opened
   * before the old one is closed.
   */
  readonly url: TextSource;
  readonly cluster: string;
  readonly log: Logger;
}

/**
 * JSON documents in a Redis hash, `wscluster:{<cluster>}:documents`, one field each. Connects in the background. Throws
 * CONFIG_INVALID for an invalid URL.
 */
export function openRedisDocuments({ url, cluster, log }: RedisDocumentsOptions): Documents {
  const key = documentsKey(cluster);
  const connection = connectRedis({ url, log: log.child({ use: 'documents' }) });
  return {
    async read(name) {
      const text = await connection.run((redis) => redis.hget(key, name));
      if (text === null) return undefined;
      try {
        return JSON.parse(text);
      } catch (error) {
        const wayOut = `delete the field ${name} to start afresh`;
        throw new WsClusterError('MESSAGE_INVALID', `${key}: ${name}: ${messageOf(error)}; ${wayOut}`, {
          cause: error,
        });
      }
    },
    async write(name, document) {
      await connection.run((redis) => redis.hset(key, name, JSON.stringify(document)));
    },
    close: () => connection.close(),
  };
}
