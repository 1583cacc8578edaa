import type { Client } from '../test/e2e/support/client.ts';
import type { Crowd } from '../test/e2e/support/crowd.ts';
import type { System } from '../test/e2e/support/system.ts';
import { until } from '../test/e2e/support/wait.ts';

const LOOK_EVERY_MS = 500;

export interface Settling {
  readonly system: System;
  readonly crowd: Crowd;
  readonly deadlineMs: number;
  /** Nothing is waited for any more once it is aborted. */
  readonly signal: AbortSignal;
}

/** What a look found: nothing that differs, or what does. */
interface Look {
  readonly differs: string;
  readonly revision?: string;
}

/**
 * Waits until everything is as it should be, at two looks in a row with one ring: the cluster is Ready with all its
 * nodes, every gateway that runs routes by the ring, every client is at its owner, and what it had sent at the first
 * look has been echoed at the second one. Returns the API's answer about the cluster; fails with what differs.
 */
export async function settle({ system, crowd, deadlineMs, signal }: Settling): Promise<string> {
  let [before, now]: Look[] = [{ differs: 'nothing was looked at' }, { differs: 'nothing was looked at' }];
  let sent = new Map<Client, { openedAt: number; sent: number }>();
  let cluster = '';
  const isStill = async () => {
    if (signal.aborted) return true;
    before = now as Look;
    const echoesBefore = sent;
    now = await look().catch((error: Error) => ({ differs: error.message }));
    if (now.differs !== '' || before.differs !== '' || now.revision !== before.revision) return false;
    const late = crowd.clients.filter((client) => !hasEchoed(client, echoesBefore.get(client)));
    if (late.length > 0) now = { differs: `${names(late)} wait for echoes` };
    return late.length === 0;
  };
  const look = async (): Promise<Look> => {
    const answer = await system.api('GET', '');
    cluster = answer.text;
    if (answer.status !== 200) return { differs: cluster };
    const { spec } = JSON.parse(cluster) as { spec: { nodes: { replicas: number } } };
    if (!system.isSettled(cluster, spec.nodes.replicas)) return { differs: `the cluster is not settled: ${cluster}` };
    const { revision } = await system.ring();
    const owners = await system.owners();
    const away = crowd.clients.filter(({ key, node }) => node === undefined || node !== owners(key));
    sent = new Map(crowd.clients.map((client) => [client, { openedAt: openedAt(client), sent: client.sent }]));
    if (away.length === 0) return { differs: '', revision: `${revision.epoch}.${revision.version}` };
    return { differs: `not at their owners: ${names(away)}` };
  };
  await until('everything has settled', isStill, deadlineMs, LOOK_EVERY_MS).catch((error: Error) => {
    throw new Error(`${error.message}; ${now?.differs || 'the ring changes all the time'}`);
  });
  return cluster;
}

function hasEchoed(client: Client, before: { openedAt: number; sent: number } | undefined): boolean {
  return before !== undefined && openedAt(client) === before.openedAt && client.echoed >= before.sent;
}

function openedAt({ sessions }: Client): number {
  return sessions.at(-1)?.openedAt ?? 0;
}

function names(clients: readonly Client[]): string {
  const shown = clients.slice(0, 5).map(({ key, node }) => `${key} (${node ?? 'not connected'})`);
  return `${clients.length} clients, ${shown.join(', ')}`;
}
