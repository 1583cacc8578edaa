import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { wsNode } from '@wscluster/node';
import { messageOf } from '@wscluster/ring';
import { type Logger, listen, type Running, refuseUpgrade } from '@wscluster/service';
import { type WebSocket, WebSocketServer } from 'ws';
import { announcedAddress, type NodeOptions } from './config.ts';
import { writePortFile } from './port-file.ts';
import { echo } from './sample/echo.ts';
import { httpRoutes } from './sample/http-routes.ts';
import { connectionKey } from './sample/request-key.ts';

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
  const { cluster, stateDir, rabbitmqUrl, redisUrl } = options;
  const server: Server = createServer({ ...TCP_KEEPALIVE, noDelay: true, keepAliveTimeout: HTTP_KEEPALIVE_MS });
  const port = await listen(server, options.listen, 'node');
  const address = announcedAddress(options, port);
  const node = wsNode({
    server,
    id: options.id,
    ring: cluster === undefined ? false : { cluster, stateDir, rabbitmqUrl, redisUrl },
    hello: (hello) => JSON.stringify({ ...hello, address }),
    drainSeconds: options.drainMs / 1000,
    lingerSeconds: options.lingerMs / 1000,
    settleSeconds: options.settleMs / 1000,
    log,
  });
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: options.maxPayload,
    perMessageDeflate: options.compress === 'on',
  });

  // An echo has no state: it takes over where the other node has stopped.
  node.handOver(webSockets);

  function onUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', (error) => log.debug({ event: 'client-error', error }, messageOf(error)));
    try {
      const key = node.keyOf(req) ?? connectionKey(req);
      webSockets.handleUpgrade(req, socket, head, (webSocket) => welcome(req, webSocket, key));
    } catch (error) {
      refuseUpgrade(socket, error);
    }
  }

  function welcome(req: IncomingMessage, webSocket: WebSocket, key: string): void {
    webSocket.on('error', (error) => log.debug({ event: 'client-error', key, error }, messageOf(error)));
    webSocket.on('close', (code) => log.debug({ event: 'client-gone', key, code }, 'a client is gone'));
    log.debug({ event: 'client-connected', key, revision: node.revisionOf(req) }, 'a client connected');
    node.add(req, webSocket, key);
    echo(webSocket);
  }

  server.on('request', httpRoutes(node));
  server.on('upgrade', onUpgrade);
  server.on('error', (error) =>
    log.warn(
      { event: 'accept-failed', error, action: 'check whether the process has file descriptors left' },
      messageOf(error),
    ),
  );
  if (options.portFile !== undefined) await writePortFile(options.portFile, address);
  log.info({ event: 'node-listening', address }, `node ${options.id} serves ws://${address}`);
  return { address, stop: () => node.drain() };
}
