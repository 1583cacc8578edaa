import { connect, type Socket } from 'node:net';
import type { HostPort } from '@wscluster/service';
import { KEEP_ALIVE_MS } from '../limits.ts';
import { passOn, readBuffer, type Take } from './shared-read.ts';

/**
 * The owner's end of a connection, which is dialled without waiting.
 *
 * It reads with `onread` instead of 'data' events, which saves an allocation of 64 KiB and the stream machinery for
 * each read. The directions end separately (allowHalfOpen): after a FIN from the node, data may still go to it.
 */
export class Upstream {
  readonly socket: Socket;
  /** Receives every chunk. Replaced when the connection enters another stage. */
  receive: Take = ignore;

  constructor(address: HostPort) {
    const buffer = readBuffer();
    const take: Take = (chunk) => this.receive(chunk);
    this.socket = connect({
      host: address.host,
      port: address.port,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      onread: {
        buffer,
        callback: (bytes) => {
          passOn(buffer, bytes, take);
          return true;
        },
      },
    });
    // The dialler listens for 'close', which follows every error; but an error without a listener ends the process.
    this.socket.on('error', ignore);
  }
}

/** Ends a connection of which nothing is needed any more; a node that does not end its side is cut off after `ms`. */
export function retire(upstream: Upstream, ms: number): void {
  const { socket } = upstream;
  upstream.receive = ignore;
  socket.resume();
  socket.end();
  if (socket.closed) return;
  const deadline = setTimeout(() => socket.destroy(), ms);
  socket.on('end', () => socket.destroy()).on('close', () => clearTimeout(deadline));
}

function ignore(): boolean {
  return true;
}
