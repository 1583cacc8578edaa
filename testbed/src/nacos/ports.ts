import { randomInt } from 'node:crypto';
import { isFreePort } from '../process/ports.ts';

/**
 * The ports that Nacos opens beside its main port: gRPC for clients, gRPC for servers, Raft. They cannot be changed.
 */
const OFFSETS = [0, 1000, 1001, -1000];

/**
 * A main port whose four ports are all free just now. Below 32768, from where the kernel takes ports for outgoing
 * connections: the port must still be free when the server starts again.
 */
export async function freeNacosPort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(12_000, 31_000);
    // On all interfaces, since Raft listens there.
    const free = await Promise.all(OFFSETS.map((offset) => isFreePort(port + offset)));
    if (free.every(Boolean)) return port;
  }
  throw new Error(`no port between 12000 and 31000 is free together with those at ${OFFSETS.join(', ')} from it`);
}
