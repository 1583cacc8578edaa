/**
 * How workers listen on one port: each has a queue of its own in the kernel, which spreads new connections over them,
 * where the system and Node can do that. Elsewhere the primary accepts, and hands connections to the workers in turn.
 */
export const SHARED_PORT = canReusePort() ? { reusePort: true, exclusive: true } : {};

function canReusePort(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return process.platform === 'linux' && (major > 23 || (major === 23 && minor >= 1));
}
