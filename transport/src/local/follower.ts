import { createConnection, type Socket } from 'node:net';
import { messageOf, parseBroadcast, type Uplink, WsClusterError } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import { backoffMs } from '../backoff.ts';
import { Outage } from '../outage.ts';
import type { FollowerHandlers, RingBusFollower } from '../ring-bus.ts';
import { endSocket } from './end-socket.ts';
import { lineOf } from './lines.ts';
import { readMessages } from './read-messages.ts';
import { checkSocketPath } from './socket-path.ts';

export interface LocalFollowerOptions {
  /** The hub's Unix socket, which need not exist yet. */
  readonly socketPath: string;
  readonly log: Logger;
  /** Milliseconds in which the hub must read the rest when the follower closes; default 500. */
  readonly closeMs?: number;
}

/** The hub is on the same machine: a lost connection means that it is restarting, and attempts cost next to nothing. */
const BACKOFF = { minMs: 50, maxMs: 1_000 };

/** Bytes that may wait for a hub that does not read; beyond them send() refuses. */
const MAX_BACKLOG_BYTES = 1024 * 1024;

type State =
  | { readonly kind: 'connecting' | 'connected'; readonly socket: Socket }
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'closed'; readonly done: Promise<void> };

/**
 * Follows a local bus. It connects in the background until closed, however long the hub is absent. Throws
 * CONFIG_INVALID if the path cannot be a socket's. No handler is called before this returns or after close().
 */
export function openLocalFollower(
  { socketPath, log, closeMs = 500 }: LocalFollowerOptions,
  handlers: FollowerHandlers,
): RingBusFollower {
  checkSocketPath(socketPath);
  const outage = new Outage({ what: 'bus', log });
  let attempt = 0;
  let state: State = connect();

  function connect(): State {
    const socket = createConnection(socketPath);
    let failure: Error | undefined;
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('connect', () => {
      if (!isCurrent(socket)) return;
      state = { kind: 'connected', socket };
      outage.recovered(socketPath);
      handlers.onConnected();
    });
    readMessages(socket, parseBroadcast, log, (message) => {
      if (!isCurrent(socket)) return;
      // Only now, since a hub may accept and disconnect at once.
      attempt = 0;
      handlers.onBroadcast(message);
    });
    socket.on('close', () => onClose(socket, failure));
    return { kind: 'connecting', socket };
  }

  function isCurrent(socket: Socket): boolean {
    return (state.kind === 'connecting' || state.kind === 'connected') && state.socket === socket;
  }

  function onClose(socket: Socket, failure: Error | undefined): void {
    if (!isCurrent(socket)) return;
    const wasConnected = state.kind === 'connected';
    state = {
      kind: 'waiting',
      timer: setTimeout(
        () => {
          state = connect();
        },
        backoffMs(++attempt, BACKOFF),
      ),
    };
    const why = failure === undefined ? 'the hub closed the connection' : messageOf(failure);
    outage.failed({
      address: socketPath,
      text: `no connection to the local bus ${socketPath}: ${why}`,
      action: 'none: it reconnects by itself, and the last ring stays in use; check whether the controller is running',
      misconfigured: false,
    });
    if (wasConnected) handlers.onDisconnected();
  }

  async function shutDown(previous: State): Promise<void> {
    if (previous.kind === 'waiting') clearTimeout(previous.timer);
    else if (previous.kind === 'connected') await endSocket(previous.socket, closeMs);
    else if (previous.kind === 'connecting') previous.socket.destroy();
  }

  return {
    get connected() {
      return state.kind === 'connected';
    },
    send(message: Uplink) {
      if (state.kind !== 'connected') return unavailable('not connected to the local bus');
      const { socket } = state;
      if (socket.writableLength > MAX_BACKLOG_BYTES) return unavailable('the hub of the local bus does not read');
      return new Promise((resolve, reject) => {
        socket.write(lineOf(message), (error) => {
          if (error === null || error === undefined) resolve();
          else reject(new WsClusterError('BUS_UNAVAILABLE', messageOf(error), { cause: error }));
        });
      });
    },
    close() {
      if (state.kind !== 'closed') state = { kind: 'closed', done: shutDown(state) };
      return state.done;
    },
  };
}

function unavailable(why: string): Promise<never> {
  return Promise.reject(new WsClusterError('BUS_UNAVAILABLE', why));
}
