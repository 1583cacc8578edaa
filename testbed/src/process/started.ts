import type { RealServer } from '../server.ts';

/** Starts a new server, and leaves nothing of it when it cannot. */
export async function started<Server extends RealServer>(server: Server): Promise<Server> {
  try {
    await server.start();
    return server;
  } catch (error) {
    await server.dispose();
    throw error;
  }
}
