import { WsClusterError } from '@wscluster/ring';

export interface AmqpAddress {
  /** With credentials, and with the desired heartbeat. */
  readonly url: string;
  /** For people, without credentials: `amqp://host:port/vhost`. */
  readonly text: string;
  readonly user: string;
  readonly vhost: string;
}

/**
 * Parses `amqp://[user:password@]host[:port][/vhost]`; `amqps://` is the same over TLS (NODE_EXTRA_CA_CERTS makes it
 * trust a private CA). The default user is guest. Throws CONFIG_INVALID with field `url`.
 */
export function parseAmqpUrl(url: string, heartbeatSeconds: number): AmqpAddress {
  const parts = URL.parse(url);
  if (parts === null || (parts.protocol !== 'amqp:' && parts.protocol !== 'amqps:') || parts.hostname === '')
    // The URL is not quoted: it may contain a password.
    throw new WsClusterError(
      'CONFIG_INVALID',
      'the URL of RabbitMQ must be amqp://[user:password@]host[:port][/vhost], or amqps:// for TLS',
      { field: 'url' },
    );
  if (!parts.searchParams.has('heartbeat')) parts.searchParams.set('heartbeat', String(heartbeatSeconds));
  const port = parts.port || (parts.protocol === 'amqps:' ? '5671' : '5672');
  const vhost = decodeURIComponent(parts.pathname.slice(1)) || '/';
  return {
    url: parts.href,
    text: `${parts.protocol}//${parts.hostname}:${port}/${encodeURIComponent(vhost)}`,
    user: decodeURIComponent(parts.username) || 'guest',
    vhost,
  };
}
