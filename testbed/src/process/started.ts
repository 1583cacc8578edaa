import type { RealServer } from '../server.ts';

/** Starts a new server; if that fails, leaves nothing of it. */
export async function started<Server extends RealServer>(server: Server): Promise<Server> {
  try {
    await server.start();
    return server;
  } catch (error) {
    await server.dispose();
    throw error;
  }
}
