import { WsClusterError } from '@wscluster/ring';

/**
 * Longest path of a socket in bytes, without the closing zero; the kernel reserves 108 on Linux, 104 on macOS and BSD.
 */
const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

/** Throws CONFIG_INVALID if the path is too long for the kernel, whose own error is only "invalid argument". */
export function checkSocketPath(socketPath: string): void {
  const bytes = Buffer.byteLength(socketPath);
  if (bytes > 0 && bytes <= MAX_PATH_BYTES) return;
  throw new WsClusterError(
    'CONFIG_INVALID',
    `the socket path ${socketPath} has ${bytes} bytes; it must have 1 to ${MAX_PATH_BYTES}: choose a shorter folder`,
    { field: 'socketPath' },
  );
}
