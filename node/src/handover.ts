import type { IncomingMessage } from 'node:http';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { type Logger, logBug } from '@wscluster/service';
import type { HandoverOptions, HandoverServer, HandoverSocket, Requested } from './api.ts';

// The node's half of the protocol in docs/migration.md.

/** Payloads of Pings and Pongs. */
interface Words {
  readonly release: string;
  readonly state: string;
  readonly begin: string;
}

/** Bytes of a connection's state at most. */
const MAX_STATE_BYTES = 1024 * 1024;
/** `readyState` of a WebSocket that is open, and not being closed. */
const OPEN = 1;

export interface HandoverPorts {
  readonly log: Logger;
  keyOf(request: Requested): string | undefined;
  /** Whether the connection comes from another node. */
  isMoved(request: Requested): boolean;
  /** The former node has let go of the connection, which now belongs to this one. */
  onState(request: IncomingMessage, state: Buffer | undefined): void;
}

/**
 * Makes a server of WebSockets accept that its connections move. The application gets a connection that moves here only
 * once it is this node's own, and so misses no message; a connection that is to leave is closed behind its state.
 */
export function handOver<Socket extends HandoverSocket>(
  webSockets: HandoverServer<Socket>,
  options: HandoverOptions<Socket>,
  ports: HandoverPorts,
): void {
  if (typeof webSockets?.handleUpgrade !== 'function')
    throw wrong('webSockets', 'must be a WebSocketServer of the package ws');
  if (options.state !== undefined && typeof options.state !== 'function')
    throw wrong('state', 'must be a function that returns what to hand over');
  const handleUpgrade = webSockets.handleUpgrade.bind(webSockets);
  webSockets.handleUpgrade = (request, socket, head, callback) =>
    handleUpgrade(request, socket, head, (webSocket) => {
      if (!isOffered(request)) {
        callback(webSocket, request);
        return;
      }
      const words = wordsOf(request);
      const pong = keepPongs(webSocket, words);
      const begin = () => {
        onPing(webSocket, words.release, () => {
          release(webSocket, request, { words, pong }, options, ports).catch((error: unknown) => {
            logBug(ports.log, 'handover-broken', error);
            webSocket.terminate();
          });
        });
        callback(webSocket, request);
      };
      if (!ports.isMoved(request)) begin();
      else
        awaitBeginning(webSocket, words, (state) => {
          ports.onState(request, state);
          begin();
        });
    });
  webSockets.on('headers', (headers, request) => {
    if (isOffered(request)) headers.push('X-WsCluster-Migrate: accepted');
  });
}

function isOffered({ headers }: Requested): boolean {
  return headers['x-wscluster-migrate'] === 'offered';
}

/** The request's token is part of each word: the client does not know it. */
function wordsOf({ headers }: Requested): Words {
  const say = (word: keyof Words) => `wscluster:${word} ${headers['x-wscluster-token']}`;
  return { release: say('release'), state: say('state'), begin: say('begin') };
}

/** A Pong would reach the client, which has sent no such Ping. Returns what sends one all the same. */
function keepPongs(webSocket: HandoverSocket, words: Words): HandoverSocket['pong'] {
  const ours: readonly string[] = Object.values(words);
  const pong = webSocket.pong.bind(webSocket);
  webSocket.pong = (data, mask, sent) => {
    if (ours.includes(String(data))) sent?.();
    else pong(data, mask, sent);
  };
  return pong;
}

/** Calls `then` at the first Ping with this text. */
function onPing(webSocket: HandoverSocket, text: string, then: () => void): void {
  const listener = (data: Buffer) => {
    if (String(data) !== text) return;
    webSocket.off('ping', listener);
    then();
  };
  webSocket.on('ping', listener);
}

/** A connection that ends before its beginning was never this node's; the application does not learn of it. */
function awaitBeginning(webSocket: HandoverSocket, words: Words, then: (state: Buffer | undefined) => void): void {
  let announced = false;
  let state: Buffer | undefined;
  const onError = () => webSocket.terminate();
  const onMessage = (data: unknown) => {
    if (announced && state === undefined && Buffer.isBuffer(data)) state = data;
    else webSocket.terminate();
  };
  webSocket.on('error', onError);
  webSocket.on('message', onMessage);
  onPing(webSocket, words.state, () => {
    announced = true;
  });
  onPing(webSocket, words.begin, () => {
    webSocket.off('error', onError).off('message', onMessage);
    then(state);
  });
}

/**
 * Closes the connection behind its state. Without its state it must not go on elsewhere: it is cut off then, and the
 * gateway tells the client to reconnect.
 */
async function release<Socket extends HandoverSocket>(
  webSocket: Socket,
  request: IncomingMessage,
  { words, pong }: { readonly words: Words; readonly pong: HandoverSocket['pong'] },
  options: HandoverOptions<Socket>,
  ports: HandoverPorts,
): Promise<void> {
  let state: Uint8Array;
  try {
    state = bytesOf(await options.state?.(webSocket, request));
  } catch (error) {
    const key = ports.keyOf(request);
    const action = 'correct the function `state` of handOver(); until then such clients are told to reconnect';
    ports.log.error({ event: 'state-not-handed-over', key, error, action }, `no state: ${messageOf(error)}`);
    // Gateways drop this Pong. All that the application has sent is before it.
    pong(words.release, false, () => webSocket.terminate());
    return;
  }
  if (webSocket.readyState !== OPEN) return;
  if (state.length > 0) {
    pong(words.state);
    webSocket.send(state, { binary: true, compress: false });
  }
  webSocket.close(1000, '');
}

function bytesOf(state: unknown): Uint8Array {
  const bytes = typeof state === 'string' ? Buffer.from(state) : (state ?? Buffer.alloc(0));
  if (!(bytes instanceof Uint8Array)) throw wrong('state', 'must return a string, bytes or undefined');
  if (bytes.length <= MAX_STATE_BYTES) return bytes;
  throw wrong('state', `must return at most ${MAX_STATE_BYTES} bytes, not ${bytes.length}`);
}

function wrong(field: string, what: string): WsClusterError {
  return new WsClusterError('CONFIG_INVALID', `${field}: ${what}`, { field });
}
