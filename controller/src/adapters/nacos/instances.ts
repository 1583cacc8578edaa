import type { Member } from '@wscluster/ring';

/** An instance of a Nacos service, as far as wscluster writes it. */
export interface Instance {
  /** IPv4 or IPv6 address (without brackets), or a host name. */
  readonly ip: string;
  readonly port: number;
  readonly weight: number;
  readonly enabled: boolean;
  readonly healthy: boolean;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The owner of these instances; it is written into the metadata of each. */
export interface Ownership {
  readonly owner: string;
  readonly cluster: string;
}

export const keyOf = ({ ip, port }: Pick<Instance, 'ip' | 'port'>): string =>
  ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;

/** These marks tell our instances from those of others, which are never touched. */
export const isOurs = ({ metadata }: Instance, owner: string): boolean =>
  metadata['managed-by'] === 'wscluster' && metadata.owner === owner;

/**
 * The instances for `members`. Their metadata does not include the ring's revision: every instance would be written,
 * and every consumer notified, at each step of the ring, for a value that no consumer can compare.
 */
export function instancesOf(members: readonly Member[], { owner, cluster }: Ownership): Instance[] {
  const byAddress = new Map<string, Instance>();
  // If a leaving and an arriving node share an address, the arriving one is meant.
  const leavingFirst = [...members].sort((a, b) => Number(b.state === 'draining') - Number(a.state === 'draining'));
  for (const { address, nodeId, ringId, weight, state } of leavingFirst) {
    const colon = address.lastIndexOf(':');
    const instance = {
      ip: address
        .slice(0, colon)
        .replace(/^\[|\]$/g, '')
        .toLowerCase(),
      port: Number(address.slice(colon + 1)),
      weight,
      enabled: state !== 'draining',
      healthy: state !== 'unready',
      metadata: { 'managed-by': 'wscluster', owner, cluster, 'node-id': nodeId, 'ring-id': String(ringId) },
    };
    byAddress.set(keyOf(instance), instance);
  }
  return [...byAddress.values()];
}
