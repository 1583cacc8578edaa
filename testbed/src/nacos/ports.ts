import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** What a Nacos opens beside its main port: gRPC for clients, gRPC for servers, Raft. It takes no others. */
const OFFSETS = [0, 1000, 1001, -1000];

/**
 * A main port of which all ports of a Nacos are free just now. Below 32768, where the kernel takes no port for
 * outgoing connections: the port must still be free when the server starts again.
 */
export async function freeNacosPort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(12_000, 31_000);
    const free = await Promise.all(OFFSETS.map((offset) => isFree(port + offset)));
    if (free.every(Boolean)) return port;
  }
  throw new Error(`no port between 12000 and 31000 is free together with those at ${OFFSETS.join(', ')} from it`);
}

async function isFree(port: number): Promise<boolean> {
  // All interfaces: Raft listens on them.
  const server = createServer().listen(port);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  await once(server.close(), 'close');
  return true;
}
