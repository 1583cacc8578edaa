import type { Broadcast } from '@wscluster/ring';
import type { WorkerPart } from './release-shares.ts';

/**
 * What a worker hears of the clients that its gateway has to send away: its share, by its connections. Rounded down, so
 * that together they send no more than asked for.
 */
export function sharedSurplus(message: Broadcast, gateway: string, { connections, total }: WorkerPart): Broadcast {
  if (message.type !== 'heartbeat' || message.surplus === undefined) return message;
  const surplus = message.surplus
    .filter((one) => one.gateway === gateway)
    .map((one) => ({ ...one, connections: total === 0 ? 0 : Math.floor((one.connections * connections) / total) }))
    .filter((one) => one.connections > 0);
  return { ...message, surplus };
}
