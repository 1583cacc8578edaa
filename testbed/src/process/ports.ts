import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A port must still be free when its server starts again. So these are not the ports that systems take for outgoing
 * connections (from 32768 on Linux), nor those that a controller gives to its local nodes (20000 to 29999).
 */
const [LOWEST, ABOVE] = [10_000, 20_000];
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

/** The first of `count` ports of 127.0.0.1 in a row that were free just now. */
export async function portBlock(count: number): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const first = randomInt(LOWEST, ABOVE - count);
    const ports = Array.from({ length: count }, (_, index) => first + index);
    const free = await Promise.all(ports.map((port) => isFreePort(port, '127.0.0.1')));
    if (free.every(Boolean)) return first;
  }
  throw new Error(`no ${count} ports of 127.0.0.1 in a row from ${LOWEST} to ${ABOVE} are free`);
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
