import { WsClusterError } from '@wscluster/ring';
import { isFreePort } from '@wscluster/service';

/** Below the range from which systems take ports for outgoing connections. */
const FIRST = 20_000;
const LAST = 32_000;
const ATTEMPTS = 50;

/** `count` consecutive ports of 127.0.0.1 that were free just now. Throws PORT_TAKEN if there are none. */
export async function freePortBlock(count: number): Promise<number[]> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const base = FIRST + Math.floor(Math.random() * (LAST - FIRST - count));
    const ports = Array.from({ length: count }, (_, index) => base + index);
    if ((await Promise.all(ports.map((port) => isFreePort(port, ['127.0.0.1'])))).every(Boolean)) return ports;
  }
  throw new WsClusterError('PORT_TAKEN', `no ${count} ports in a row are free from ${FIRST} to ${LAST}`);
}
