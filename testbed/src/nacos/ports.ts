import { randomInt } from 'node:crypto';
import { reserve } from '../process/ports.ts';

/**
 * The ports that Nacos opens beside its main port: gRPC for clients, gRPC for servers, Raft. They cannot be changed.
 */
const OFFSETS = [0, 1000, 1001, -1000];

/** All four are below 32768, and none is a port that freePorts, or a controller for its nodes, gives away. */
const [LOWEST, ABOVE] = [31_000, 31_767];

/** A main port whose four ports are free, and that no other process gets from here while this one runs. */
export async function freeNacosPort(): Promise<number> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const port = randomInt(LOWEST, ABOVE);
    // On all interfaces, since Raft listens there.
    if (await reserve(OFFSETS.map((offset) => port + offset))) return port;
  }
  throw new Error(`no port from ${LOWEST} to ${ABOVE} is free together with those at ${OFFSETS.join(', ')} from it`);
}
