import { once } from 'node:events';
import { createServer } from 'node:net';
import { WsClusterError } from '@wscluster/ring';

/** Below the range from which systems take ports for outgoing connections. */
const FIRST = 20_000;
const LAST = 32_000;
const ATTEMPTS = 50;

/** `count` consecutive ports of 127.0.0.1 that were free just now. Throws PORT_TAKEN if there are none. */
export async function freePortBlock(count: number): Promise<number[]> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const base = FIRST + Math.floor(Math.random() * (LAST - FIRST - count));
    const ports = Array.from({ length: count }, (_, index) => base + index);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return ports;
  }
  throw new WsClusterError('PORT_TAKEN', `no ${count} ports in a row are free from ${FIRST} to ${LAST}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  await once(server.close(), 'close');
  return true;
}
