import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type Lock, tryLock } from '../install/lock.ts';

/**
 * A port must still be free when its server starts again. So these are not the ports that systems take for outgoing
 * connections (from 32768 on Linux), nor those that a controller gives to its local nodes (20000 to 29999).
 */
const [LOWEST, ABOVE] = [10_000, 20_000];
const ATTEMPTS = 1000;

/** Ports of 127.0.0.1, all different, that are free and that no other process gets from here while this one runs. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let attempt = 0; attempt < ATTEMPTS && ports.length < count; attempt++) {
    const port = randomInt(LOWEST, ABOVE);
    if (!ports.includes(port) && (await reserve([port], '127.0.0.1'))) ports.push(port);
  }
  if (ports.length < count) throw new Error(`no ${count} ports of 127.0.0.1 from ${LOWEST} to ${ABOVE} are free`);
  return ports;
}

/** The first of `count` such ports in a row. */
export async function portBlock(count: number): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const first = randomInt(LOWEST, ABOVE - count);
    const ports = Array.from({ length: count }, (_, index) => first + index);
    if (await reserve(ports, '127.0.0.1')) return first;
  }
  throw new Error(`no ${count} ports of 127.0.0.1 in a row from ${LOWEST} to ${ABOVE} are free`);
}

/**
 * Reserves the ports for this process, until it ends, if nothing listens on them and nobody has reserved one of them: a
 * server may take seconds to start, and meanwhile another test looks for a port. Returns whether that worked. Without a
 * `host` nothing may listen on any interface. Only on Linux other processes know of it.
 */
export async function reserve(ports: readonly number[], host?: string): Promise<boolean> {
  const reservations: Lock[] = [];
  for (const port of ports) {
    const reservation = await tryLock(`port ${port}`, 'this machine');
    if (reservation !== undefined) reservations.push(reservation);
    if (reservation !== undefined && (await isFreePort(port, host))) continue;
    await Promise.all(reservations.map((one) => one.release()));
    return false;
  }
  return true;
}

async function isFreePort(port: number, host?: string): Promise<boolean> {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  await once(server.close(), 'close');
  return true;
}
