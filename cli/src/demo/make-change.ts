import { WsClusterError } from '@wscluster/ring';
import type { Api } from '../api/api.ts';
import { readAnswer } from '../api/read-answer.ts';
import type { Change } from './script.ts';
import type { Look } from './watch.ts';

/**
 * Asks the cluster for a change; returns what was done. Drains or kills the ready node with the most clients, since
 * that shows most. Throws CONFLICT if too few nodes are left, otherwise as the API does.
 */
export async function makeChange(
  change: Change,
  api: Api,
  look: Look,
  clients: ReadonlyMap<string, number>,
): Promise<string> {
  if (change === 'add') return `added ${readAnswer('Created', await api.ask('POST', '/nodes')).id}`;
  const ready = look.nodes.filter(({ state }) => state === 'ready').map(({ id }) => id);
  if (change === 'drain' && ready.length < 2)
    throw new WsClusterError('CONFLICT', 'the last node is not drained: its clients would have nowhere to go');
  const [fullest] = ready.sort((a, b) => (clients.get(b) ?? 0) - (clients.get(a) ?? 0));
  if (fullest === undefined) throw new WsClusterError('CONFLICT', 'no node is ready');
  await api.ask('DELETE', `/nodes/${encodeURIComponent(fullest)}?mode=${change}`);
  return change === 'drain' ? `drained ${fullest}` : `killed ${fullest}`;
}
