import type { ListenOptions, Server } from 'node:net';
import { WsClusterError } from '@wscluster/ring';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Parses `host:port`, `:port` (all interfaces) or `[v6]:port`. Port 0 asks the system for a free port. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]]*)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  if (port > 65_535) return undefined;
  return { host: (match[1] ?? match[2]) || '::', port };
}

export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Connections that wait to be accepted; the system has a limit of its own (net.core.somaxconn, 4,096 on Linux).
 * Node asks for 511. A client beyond that hears nothing, and its system tries again a second later.
 */
const BACKLOG = 65_535;

/**
 * Starts listening and resolves with the port in use. Rejects with PORT_TAKEN or CONFIG_INVALID naming the address.
 * `options`: further ones of `net.Server.listen`.
 */
export function listen(
  server: Server,
  address: HostPort,
  what: string,
  options: Pick<ListenOptions, 'exclusive' | 'reusePort'> = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      const at = formatHostPort(address);
      reject(
        error.code === 'EADDRINUSE'
          ? new WsClusterError(
              'PORT_TAKEN',
              `${what}: another process listens on ${at}; stop it or choose another port`,
              {
                cause: error,
              },
            )
          : new WsClusterError('CONFIG_INVALID', `${what}: cannot listen on ${at}: ${error.message}`, { cause: error }),
      );
    };
    server.once('error', onError);
    server.listen({ backlog: BACKLOG, ...options, ...address }, () => {
      server.off('error', onError);
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : address.port);
    });
  });
}

/** Stops listening and resolves when the last connection has closed; `closeNow` runs once listening has ended. */
export function stopListening(server: Server, closeNow: () => void = () => {}): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    closeNow();
  });
}
