import { createServer } from 'node:net';
import { WsClusterError } from '@wscluster/ring';
import { listen, stopListening } from './listen.ts';

/** Whether a server could listen on the port just now, at each of these addresses that the machine has. */
export async function isFreePort(port: number, hosts: readonly string[]): Promise<boolean> {
  for (const host of hosts) {
    const server = createServer();
    try {
      await listen(server, { host, port }, 'nobody');
      await stopListening(server);
    } catch (error) {
      const { code } = (error instanceof WsClusterError ? error.cause : error) as NodeJS.ErrnoException;
      // The machine does not have the address, as without IPv6: nobody can listen there.
      if (code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT') return false;
    }
  }
  return true;
}
