import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { formatRevision, messageOf, REVISION_ZERO } from '@wscluster/ring';
import { type Logger, listen, type Running, stopListening } from '@wscluster/service';
import { openTransport } from '@wscluster/transport';
import { type WebSocket, WebSocketServer } from 'ws';
import { announcedAddress, type NodeOptions } from './config.ts';
import { Connections } from './connections.ts';
import { Readiness } from './drain.ts';
import { writePortFile } from './port-file.ts';
import { followRing } from './ring-view.ts';
import { echo } from './sample/echo.ts';
import { refuseUpgrade } from './sample/http-answer.ts';
import { httpRoutes } from './sample/http-routes.ts';
import { refuseLost } from './sample/refuse-lost.ts';
import { connectionKey } from './sample/request-key.ts';

/** Milliseconds in which clients must answer the last Close and requests must end. */
const CLOSE_DEADLINE_MS = 2_000;

/** TCP keep-alive finds a peer that vanished silently after some minutes. */
const TCP_KEEPALIVE = { keepAlive: true, keepAliveInitialDelay: 30_000 };

/**
 * Longer than gateways keep an idle connection, so that they close it first: our close could cross with their next
 * request.
 */
const HTTP_KEEPALIVE_MS = 75_000;

export interface RunningNode extends Running {
  /** The `host:port` that clients are told. */
  readonly address: string;
}

/** The sample backend: tells each client which node serves it, echoes, and pushes messages. */
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
      webSockets.handleUpgrade(req, socket, head, (webSocket) =>
        welcome(webSocket, key, formatRevision(revision ?? REVISION_ZERO)),
      );
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
    httpRoutes({ id: options.id, connections, readiness, view, settleMs: options.settleMs }),
  );
  server.on('upgrade', onUpgrade);
  const port = await listen(server, options.listen, 'node').catch(async (error: unknown) => {
    await view?.close();
    throw error;
  });
  server.on('error', (error) =>
    log.warn(
      { event: 'accept-failed', error, action: 'check whether the process has file descriptors left' },
      messageOf(error),
    ),
  );
  const address = announcedAddress(options, port);
  if (options.portFile !== undefined) await writePortFile(options.portFile, address);
  log.info({ event: 'node-listening', address }, `node ${options.id} serves ws://${address}`);

  /** First it drains while everything goes on, then it stops accepting, then it closes the remaining clients. */
  async function stop(): Promise<void> {
    log.info(
      { event: 'node-draining', connections: connections.size },
      'draining: waiting until its clients have moved',
    );
    await readiness.drain(connections, options);
    const stopped = stopListening(server, () => server.closeIdleConnections());
    if (connections.size > 0)
      log.info({ event: 'node-closing', connections: connections.size }, 'closing the remaining clients with 1001');
    const cut = setTimeout(() => server.closeAllConnections(), CLOSE_DEADLINE_MS);
    await connections.closeAll(1001, 'node going away', CLOSE_DEADLINE_MS);
    await stopped;
    clearTimeout(cut);
    await view?.close();
  }

  return { address, stop };
}
