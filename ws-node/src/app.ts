import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { formatRevision, messageOf } from '@wscluster/ring';
import { type Logger, listen, type Running, stopListening } from '@wscluster/service';
import { openTransport } from '@wscluster/transport';
import { type WebSocket, WebSocketServer } from 'ws';
import { announcedAddress, type NodeOptions } from './config.ts';
import { Connections } from './connections.ts';
import { Readiness } from './drain.ts';
import { followRing } from './ring-view.ts';
import { echo } from './sample/echo.ts';
import { refuseUpgrade } from './sample/http-answer.ts';
import { httpRoutes } from './sample/http-routes.ts';
import { writePortFile } from './sample/port-file.ts';
import { refuseLost } from './sample/refuse-lost.ts';
import { connectionKey } from './sample/request-key.ts';

/** Milliseconds for clients to answer the last Close, and for requests to end. */
const CLOSE_DEADLINE_MS = 2_000;

/** A connection whose other end vanished without a word is found out by TCP after some minutes. */
const TCP_KEEPALIVE = { keepAlive: true, keepAliveInitialDelay: 30_000 };

/** Longer than gateways keep an idle connection, so that they end it: ours would cross with their next request. */
const HTTP_KEEPALIVE_MS = 75_000;

export interface RunningNode extends Running {
  /** `host:port` that clients are told. */
  readonly address: string;
}

/** The sample backend: tells each client who serves it, echoes, and pushes. */
export async function startNode(options: NodeOptions, processLog: Logger): Promise<RunningNode> {
  const log = processLog.child({ node: options.id });
  const connections = new Connections();
  const readiness = new Readiness();
  const { cluster } = options;
  const view =
    cluster === undefined
      ? undefined
      : await followRing({ cluster, self: options.id, transport: openTransport({ ...options, cluster, log }), log });
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: options.maxPayload,
    perMessageDeflate: options.compress === 'on',
  });

  function onUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', (error) => log.debug({ event: 'client-error', error }, messageOf(error)));
    try {
      const { key, revision } = connectionKey(req);
      refuseLost(view, { key, revision });
      webSockets.handleUpgrade(req, socket, head, (webSocket) => welcome(webSocket, key, formatRevision(revision)));
    } catch (error) {
      refuseUpgrade(socket, error);
    }
  }

  function welcome(webSocket: WebSocket, key: string, revision: string): void {
    webSocket.on('error', (error) => log.debug({ event: 'client-error', key, error }, messageOf(error)));
    webSocket.on('close', (code) => log.debug({ event: 'client-gone', key, code }, 'a client is gone'));
    connections.add(key, webSocket);
    log.debug({ event: 'client-connected', key, revision }, 'a client connected');
    const hello = { type: 'hello', node: options.id, address, key, connections: connections.size, revision };
    webSocket.send(JSON.stringify(hello));
    echo(webSocket);
  }

  const server: Server = createServer(
    { ...TCP_KEEPALIVE, noDelay: true, keepAliveTimeout: HTTP_KEEPALIVE_MS },
    httpRoutes({ id: options.id, connections, readiness, view, settleMs: options.settleSeconds }),
  );
  server.on('upgrade', onUpgrade);
  const port = await listen(server, options.listen, 'node').catch(async (error: unknown) => {
    await view?.close();
    throw error;
  });
  server.on('error', (error) =>
    log.warn(
      { event: 'accept-failed', error, action: 'see whether the process has file descriptors left' },
      messageOf(error),
    ),
  );
  const address = announcedAddress(options, port);
  if (options.portFile !== undefined) await writePortFile(options.portFile, address);
  log.info({ event: 'node-listening', address }, `node ${options.id} serves ws://${address}`);

  /** Draining first, while all goes on; then nobody new; then the last ones, on purpose. */
  async function stop(): Promise<void> {
    log.info({ event: 'node-draining', connections: connections.size }, 'draining: waits for its clients to be moved');
    await readiness.drain(connections, { drainMs: options.drainSeconds, lingerMs: options.lingerSeconds });
    const stopped = stopListening(server, () => server.closeIdleConnections());
    if (connections.size > 0)
      log.info({ event: 'node-closing', connections: connections.size }, 'closes the clients that are left with 1001');
    const cut = setTimeout(() => server.closeAllConnections(), CLOSE_DEADLINE_MS);
    await connections.closeAll(1001, 'the node is going away', CLOSE_DEADLINE_MS);
    await stopped;
    clearTimeout(cut);
    await view?.close();
  }

  return { address, stop };
}
