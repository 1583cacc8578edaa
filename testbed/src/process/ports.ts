import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below 32768, from where Linux takes ports for outgoing connections: it must still be free when a server starts again.
 */
const [LOWEST, ABOVE] = [10_000, 32_000];
const ATTEMPTS = 1000;

/** Ports of 127.0.0.1 that were free just now, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let attempt = 0; attempt < ATTEMPTS && ports.size < count; attempt++) {
    const port = randomInt(LOWEST, ABOVE);
    if (await isFreePort(port, '127.0.0.1')) ports.add(port);
  }
  if (ports.size < count) throw new Error(`no ${count} ports of 127.0.0.1 from ${LOWEST} to ${ABOVE} are free`);
  return [...ports];
}

/** Whether nothing listens on it now; on all interfaces without a `host`. */
export async function isFreePort(port: number, host?: string): Promise<boolean> {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  await once(server.close(), 'close');
  return true;
}
