import { createServer } from 'node:net';
import { WsClusterError } from '@wscluster/ring';
import { listen, stopListening } from './listen.ts';

/** Whether nobody listens on the port just now, at any of these addresses of the machine. */
export async function isFreePort(port: number, hosts: readonly string[]): Promise<boolean> {
  for (const host of hosts) {
    const server = createServer();
    try {
      await listen(server, { host, port }, 'nobody');
      await stopListening(server);
    } catch (error) {
      if (error instanceof WsClusterError && error.code === 'PORT_TAKEN') return false;
      // The machine does not have the address, as without IPv6: nobody can listen there.
    }
  }
  return true;
}
