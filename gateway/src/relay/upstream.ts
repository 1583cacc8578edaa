import { connect, type Socket } from 'node:net';
import type { HostPort } from '@wscluster/service';
import { KEEP_ALIVE_MS } from '../limits.ts';

const READ_BYTES = 65_536;

/**
 * One buffer for all dialled sockets: on POSIX systems libuv reads only when bytes are available, and passes them on
 * before the next read, so the buffer is never in use twice. On Windows pending reads hold their buffer, so there each
 * socket has its own.
 */
const sharedBuffer = Buffer.allocUnsafeSlow(READ_BYTES);

/**
 * The owner's end of a connection, which is dialled without waiting.
 *
 * It reads with `onread` instead of 'data' events, which saves an allocation of 64 KiB and the stream machinery for
 * each read; only dialled sockets support it. The directions end separately (allowHalfOpen): after a FIN from the node,
 * data may still go to it.
 */
export class Upstream {
  readonly socket: Socket;
  /** Receives every chunk, and owns it. Replaced when the connection enters another stage. */
  receive: (chunk: Buffer) => void = ignore;

  constructor(address: HostPort) {
    const buffer = process.platform === 'win32' ? Buffer.allocUnsafeSlow(READ_BYTES) : sharedBuffer;
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
          // A copy, since a write that does not finish at once keeps using the memory.
          const chunk = Buffer.allocUnsafe(bytes);
          buffer.copy(chunk, 0, 0, bytes);
          this.receive(chunk);
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

function ignore(): void {}
