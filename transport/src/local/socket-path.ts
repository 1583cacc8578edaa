import { WsClusterError } from '@wscluster/ring';

/** Bytes that the kernel keeps for a socket's path, without the closing zero: 108 on Linux, 104 on macOS and BSD. */
const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

/** Throws CONFIG_INVALID when the kernel cannot hold the path: it would say no more than "invalid argument". */
export function checkSocketPath(socketPath: string): void {
  const bytes = Buffer.byteLength(socketPath);
  if (bytes > 0 && bytes <= MAX_PATH_BYTES) return;
  throw new WsClusterError(
    'CONFIG_INVALID',
    `the socket path ${socketPath} has ${bytes} bytes, allowed are 1 to ${MAX_PATH_BYTES}; choose a shorter folder`,
    { field: 'socketPath' },
  );
}
