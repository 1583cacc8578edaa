import {
  compareRevisions,
  decodeRing,
  parseRingMessage,
  type Release,
  type Revision,
  type RingMessage,
  releaseSchema,
  WsClusterError,
} from '@wscluster/ring';
import type { Logger, TextSource } from '@wscluster/service';
import type { RingStore } from '../ring-store.ts';
import { connectRedis } from './connection.ts';
import { ringKey } from './keys.ts';

export interface RedisStoreOptions {
  /**
   * `redis://[user:password@]host[:port][/db]`, or `rediss://` for TLS. When it changes, a new connection is made
   * before the old one is closed.
   */
  readonly url: TextSource;
  readonly cluster: string;
  readonly log: Logger;
}

/**
 * Saves unless the stored revision is newer or equal. An unreadable stored revision does not block a new ring: a leader
 * takes an epoch above all that gateways report. Numbers of more than 15 digits are not exact in Lua. The last two
 * arguments are the revision that should be stored, -1 for any.
 */
const SAVE = `
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'hash' and kind ~= 'none' then redis.call('DEL', KEYS[1]) end
local held = redis.call('HMGET', KEYS[1], 'epoch', 'version')
local function number(text)
  if text and #text <= 15 and string.match(text, '^%d+$') then return tonumber(text) end
end
local epoch, version = number(held[1]), number(held[2])
local afterEpoch, afterVersion = tonumber(ARGV[4]), tonumber(ARGV[5])
local lost = afterEpoch >= 0
if epoch and version then
  lost = epoch < afterEpoch or (epoch == afterEpoch and version < afterVersion)
  local newEpoch, newVersion = tonumber(ARGV[1]), tonumber(ARGV[2])
  if newEpoch < epoch or (newEpoch == epoch and newVersion <= version) then return 'stale' end
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'version', ARGV[2], 'message', ARGV[3])
redis.call('HDEL', KEYS[1], 'release')
return lost and 'regained' or 'saved'`;

/** Only for the stored revision. */
const SAVE_RELEASE = `
local held = redis.call('HMGET', KEYS[1], 'epoch', 'version')
if held[1] == ARGV[1] and held[2] == ARGV[2] then redis.call('HSET', KEYS[1], 'release', ARGV[3]) end`;

/**
 * Keeps the ring in a hash of Redis (5 or later): `wscluster:{<cluster>}:ring` with epoch, version and message, and the
 * release if it has changed since. Several processes may save at once; the highest revision wins. Connects in the
 * background. Throws CONFIG_INVALID for an invalid URL.
 */
export function openRedisStore({ url, cluster, log }: RedisStoreOptions): RingStore {
  const key = ringKey(cluster);
  const connection = connectRedis({ url, log: log.child({ use: 'ring store' }) });
  return {
    async load() {
      const [epoch, version, message, release] = await connection.run((redis) =>
        redis.hmget(key, 'epoch', 'version', 'message', 'release'),
      );
      if (epoch === null && version === null && message === null) return undefined;
      return withRelease(read(key, message ?? '', revisionOf(epoch, version)), release);
    },
    async revision() {
      try {
        const [epoch, version] = await connection.run((redis) => redis.hmget(key, 'epoch', 'version'));
        return revisionOf(epoch, version);
      } catch (error) {
        if (error instanceof WsClusterError && error.code === 'MESSAGE_INVALID') return undefined;
        throw error;
      }
    },
    async save(message, after = { epoch: -1, version: -1 }) {
      const { epoch, version } = message.revision;
      const text = JSON.stringify(message);
      const result = await connection.run((redis) =>
        redis.eval(SAVE, 1, key, epoch, version, text, after.epoch, after.version),
      );
      return result === 'saved' || result === 'regained' ? result : 'stale';
    },
    async saveRelease({ epoch, version }, release) {
      const text = JSON.stringify(release);
      await connection.run((redis) => redis.eval(SAVE_RELEASE, 1, key, epoch, version, text));
    },
    close: () => connection.close(),
  };
}

function read(key: string, text: string, held: Revision | undefined): RingMessage {
  try {
    const message = parseRingMessage(text);
    decodeRing(message); // detects a damaged table, which is still a valid string
    if (held === undefined || compareRevisions(message.revision, held) !== 0)
      throw new WsClusterError('MESSAGE_INVALID', 'its epoch and version differ from those of its message', {
        field: 'revision',
      });
    return message;
  } catch (error) {
    if (!(error instanceof WsClusterError)) throw error;
    throw new WsClusterError(error.code, `${key}: ${error.message}`, {
      cause: error,
      ...(error.field !== undefined && { field: error.field }),
    });
  }
}

/** A controller of an older version leaves the field of an earlier ring behind, so the later release counts. */
function withRelease(message: RingMessage, text: string | null | undefined): RingMessage {
  const release = text ? releaseOf(text) : undefined;
  if (release === undefined || compareRevisions(release.movableUpTo, message.release.movableUpTo) <= 0) return message;
  return { ...message, release };
}

function releaseOf(text: string): Release | undefined {
  try {
    return releaseSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function revisionOf(epoch: string | null | undefined, version: string | null | undefined): Revision | undefined {
  const digits = /^\d{1,15}$/;
  if (!epoch || !version || !digits.test(epoch) || !digits.test(version)) return undefined;
  return { epoch: Number(epoch), version: Number(version) };
}
