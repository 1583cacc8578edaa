import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { type Logger, type Running, startProbes, stopListening } from '@wscluster/service';
import { Registry } from 'prom-client';
import type { SocketProxyOptions } from './config.ts';
import { Engine } from './engine.ts';
import { EngineWatch } from './engine-watch.ts';
import { socketProxy } from './proxy.ts';

export interface RunningSocketProxy extends Running {
  readonly probePort: number;
}

/**
 * Listens on a Unix socket for a controller's calls to the Docker engine. `onSocketGone`: nothing listens on the
 * engine's socket any longer.
 */
export async function startSocketProxy(
  options: SocketProxyOptions,
  log: Logger,
  onSocketGone: () => void,
): Promise<RunningSocketProxy> {
  const engine = new Engine(options.engineSocket);
  const server = createServer(socketProxy(engine, log));
  await listenAt(server, options.listenSocket);
  const watch = new EngineWatch(engine, log, onSocketGone);
  const probes = await startProbes(options.probes, () => watch.problem, new Registry());
  log.info(
    { event: 'listening', socket: options.listenSocket, engine: options.engineSocket },
    `passes on calls from ${options.listenSocket} to ${options.engineSocket}`,
  );
  return {
    probePort: probes.port,
    async stop() {
      watch.close();
      await stopListening(server, () => server.closeAllConnections());
      await probes.close();
    },
  };
}

/** Anyone who can reach the folder may connect. Rejects with CONFIG_INVALID. */
function listenAt(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(new WsClusterError('CONFIG_INVALID', `cannot listen at ${path}: ${messageOf(error)}`, { cause: error })),
    );
    // Left by a proxy that was killed.
    rmSync(path, { force: true });
    server.listen({ path, readableAll: true, writableAll: true }, resolve);
  });
}
