import { chmod, lstat, mkdir, unlink } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { type Broadcast, messageOf, parseUplink, WsClusterError } from '@wscluster/ring';
import { type Logger, withFileLock } from '@wscluster/service';
import type { HubHandlers, RingBusHub } from '../ring-bus.ts';
import { endSocket } from './end-socket.ts';
import { lineOf } from './lines.ts';
import { readMessages } from './read-messages.ts';
import { checkSocketPath } from './socket-path.ts';

export interface LocalHubOptions {
  /**
   * The Unix socket that serves followers; at most 107 bytes (103 on macOS). Its folder is created if missing.
   * `<socketPath>.lock` is next to it.
   */
  readonly socketPath: string;
  readonly log: Logger;
  /**
   * Bytes that may wait for one follower; beyond them it is disconnected. It then reconnects and reads the store, which
   * is cheaper than reading the backlog. Default 4 MiB, about 20 rings.
   */
  readonly maxBacklogBytes?: number;
  /** Milliseconds in which followers must read the rest when the hub closes; default 500. */
  readonly closeMs?: number;
}

/** Milliseconds to wait while another process opens the same socket. */
const OPEN_DEADLINE_MS = 2_000;

/**
 * Serves a local bus. Throws PORT_TAKEN if another process serves the socket, CONFIG_INVALID if the path cannot be a
 * socket's, and BUS_UNAVAILABLE if the system refuses. close() removes the socket file; one that a killed process left
 * behind is replaced.
 */
export async function openLocalHub(
  { socketPath, log, maxBacklogBytes = 4 * 1024 * 1024, closeMs = 500 }: LocalHubOptions,
  handlers: HubHandlers,
): Promise<RingBusHub> {
  checkSocketPath(socketPath);
  const followers = new Set<Socket>();
  const opened = Promise.withResolvers<void>();
  let closing: Promise<void> | undefined;

  const server = createServer((socket) => {
    followers.add(socket);
    log.debug({ event: 'bus-follower-connected', followers: followers.size }, 'a follower connected');
    socket.on('error', (error) => log.debug({ event: 'bus-follower-error', error }, messageOf(error)));
    socket.on('close', () => {
      followers.delete(socket);
      log.debug({ event: 'bus-follower-gone', followers: followers.size }, 'a follower disconnected');
    });
    // Not before the caller has the hub: followers may be waiting to report.
    opened.promise.then(() =>
      readMessages(socket, parseUplink, log, (message) => {
        if (closing === undefined) handlers.onUplink(message);
      }),
    );
  });

  function sendTo(socket: Socket, line: string): void {
    if (!socket.writable) return;
    if (socket.writableLength <= maxBacklogBytes) socket.write(line);
    else {
      log.warn(
        {
          event: 'bus-follower-slow',
          backlogBytes: socket.writableLength,
          action: 'none: it reconnects and reads the store; if this recurs, check what keeps that process busy',
        },
        'disconnected a follower that does not read',
      );
      socket.destroy();
    }
  }

  async function close(): Promise<void> {
    const stopped = new Promise<void>((resolve) => server.close(() => resolve())); // removes the socket file
    await Promise.all([stopped, ...[...followers].map((socket) => endSocket(socket, closeMs))]);
  }

  await openSocket(server, socketPath);
  server.on('error', (error) =>
    log.warn(
      { event: 'bus-accept-failed', error, action: 'check whether the process has file descriptors left' },
      messageOf(error),
    ),
  );
  opened.resolve();
  const since = performance.now();
  log.info({ event: 'bus-listening', socketPath }, `the local bus listens on ${socketPath}`);

  return {
    get connectedSince() {
      return closing === undefined ? since : undefined;
    },
    async broadcast(message: Broadcast) {
      if (closing !== undefined) throw new WsClusterError('BUS_UNAVAILABLE', 'the bus is closed');
      const line = lineOf(message);
      for (const socket of followers) sendTo(socket, line);
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

async function openSocket(server: Server, socketPath: string): Promise<void> {
  try {
    await mkdir(dirname(socketPath), { recursive: true, mode: 0o700 });
    // No other process may do the same between finding a dead socket and replacing it.
    await withFileLock(`${socketPath}.lock`, OPEN_DEADLINE_MS, async () => {
      await removeDeadSocket(socketPath);
      await listenOn(server, socketPath);
    });
  } catch (error) {
    if (error instanceof WsClusterError) throw error;
    throw new WsClusterError('BUS_UNAVAILABLE', `cannot listen on ${socketPath}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function removeDeadSocket(socketPath: string): Promise<void> {
  const found = await lstat(socketPath).catch(unlessMissing);
  if (found === undefined) return;
  if (!found.isSocket())
    throw new WsClusterError('CONFIG_INVALID', `${socketPath} exists and is not a socket; choose another path`, {
      field: 'socketPath',
    });
  if (await isServed(socketPath))
    throw new WsClusterError('PORT_TAKEN', `another process listens on ${socketPath}; stop it or choose another path`);
  await unlink(socketPath).catch(unlessMissing);
}

/** Whether a process accepts connections. Only a refusal proves that none does; other failures are thrown. */
function isServed(socketPath: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createConnection(socketPath);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else if (error.code === 'EAGAIN')
        resolve(true); // its queue of connections is full
      else reject(error);
    });
  });
}

async function listenOn(server: Server, socketPath: string): Promise<void> {
  const listening = new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, () => {
      server.off('error', reject);
      resolve();
    });
  });
  await listening;
  try {
    await chmod(socketPath, 0o600);
  } catch (error) {
    server.close();
    throw error;
  }
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
