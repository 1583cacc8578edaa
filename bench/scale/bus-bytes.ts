import type { RabbitmqServer } from '@wscluster/testbed';
import { CLUSTER } from './size.ts';

/** Bytes on the bus. */
export interface BusBytes {
  /** To the controller. */
  readonly reports: number;
  /** To all gateways together. */
  readonly rings: number;
}

/** What each connection has received so far, as the broker counts it, with what AMQP adds. */
type Received = ReadonlyMap<string, { readonly role: keyof BusBytes; readonly bytes: number }>;

export async function received(rabbitmq: RabbitmqServer): Promise<Received> {
  const table = await rabbitmq.ctl('--quiet', 'list_connections', 'pid', 'send_oct', 'client_properties');
  const rows = table.split('\n').map((line) => line.split('\t'));
  return new Map(
    rows.flatMap(([pid = '', bytes, properties = '']) => {
      const of = (role: string) => properties.includes(`wscluster ${role} of ${CLUSTER}`);
      const role = of('controller') ? 'reports' : of('follower') ? 'rings' : undefined;
      return role === undefined ? [] : [[pid, { role, bytes: Number(bytes) }]];
    }),
  );
}

/** Between two looks; a connection that was lost meanwhile does not count. */
export function bytesBetween(before: Received, after: Received): BusBytes {
  const sums = { reports: 0, rings: 0 };
  for (const [pid, { role, bytes }] of after) sums[role] += bytes - (before.get(pid)?.bytes ?? bytes);
  return sums;
}
