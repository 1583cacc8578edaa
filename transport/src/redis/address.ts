import { isIP } from 'node:net';
import { WsClusterError } from '@wscluster/ring';
import type { RedisOptions } from 'ioredis';

export interface RedisAddress {
  /** Options for ioredis. */
  readonly options: RedisOptions;
  /** For people, without credentials: `redis://host:port/db`. */
  readonly text: string;
}

/**
 * Parses `redis://[user:password@]host[:port][/db]`; `rediss://` is the same over TLS (NODE_EXTRA_CA_CERTS makes it
 * trust a private CA). Throws CONFIG_INVALID with field `url`.
 */
export function parseRedisUrl(url: string): RedisAddress {
  const parts = URL.parse(url);
  const db = /^\/?(\d*)$/.exec(parts?.pathname ?? '')?.[1];
  if (parts === null || (parts.protocol !== 'redis:' && parts.protocol !== 'rediss:') || db === undefined)
    // The URL is not quoted: it may contain a password.
    throw new WsClusterError(
      'CONFIG_INVALID',
      'the URL of Redis must be redis://[user:password@]host[:port][/database number], or rediss:// for TLS',
      { field: 'url' },
    );
  const host = parts.hostname.replace(/^\[|\]$/g, '') || 'localhost';
  const port = parts.port === '' ? 6379 : Number(parts.port);
  const tls = parts.protocol === 'rediss:';
  return {
    options: {
      host,
      port,
      db: Number(db),
      ...(parts.username !== '' && { username: decodeURIComponent(parts.username) }),
      ...(parts.password !== '' && { password: decodeURIComponent(parts.password) }),
      // Servers that share an address are told apart by the requested name.
      ...(tls && { tls: isIP(host) === 0 ? { servername: host } : {} }),
    },
    text: `${parts.protocol}//${parts.hostname || host}:${port}/${Number(db)}`,
  };
}
