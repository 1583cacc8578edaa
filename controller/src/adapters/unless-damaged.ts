import { WsClusterError } from '@wscluster/ring';

/** What is read from a store. What is damaged there counts as lost, undefined, for whoever has seen it before. */
export async function unlessDamaged<T>(reading: Promise<T>, hasSeen: () => boolean): Promise<T | undefined> {
  return await reading.catch((error: unknown) => {
    const isDamaged = error instanceof WsClusterError && error.code === 'MESSAGE_INVALID';
    if (isDamaged && hasSeen()) return undefined;
    throw error;
  });
}
