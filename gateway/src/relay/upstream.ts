import { connect, type Socket } from 'node:net';
import type { HostPort } from '@wscluster/service';
import { KEEP_ALIVE_MS } from '../limits.ts';

const READ_BYTES = 65_536;

/**
 * One buffer for all dialled sockets: on POSIX systems libuv reads only when bytes are there and hands them over before
 * the next read, so it is never in use twice. On Windows reads stay pending with their buffer; there each has its own.
 */
const sharedBuffer = Buffer.allocUnsafeSlow(READ_BYTES);

/**
 * The owner's end of a connection, dialled without waiting.
 *
 * Reads with `onread` instead of 'data' events, which saves the allocation of 64 KiB and the stream machinery for each
 * read; only dialled sockets have it. The two directions are ended apart (allowHalfOpen): a FIN from the node is not
 * yet the end of what goes to it.
 */
export class Upstream {
  readonly socket: Socket;
  /** Takes every chunk as it comes; replaced when the connection enters another stage. The chunk is the receiver's. */
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
          // A copy, since a write that does not finish at once goes on using the memory.
          const chunk = Buffer.allocUnsafe(bytes);
          buffer.copy(chunk, 0, 0, bytes);
          this.receive(chunk);
          return true;
        },
      },
    });
    // Whoever dials listens for 'close', which follows every error; without a listener an error ends the process.
    this.socket.on('error', ignore);
  }
}

function ignore(): void {}
