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

/** Whose instances these are; it is written into the metadata of each. */
export interface Ownership {
  readonly owner: string;
  readonly cluster: string;
}

export const keyOf = ({ ip, port }: Pick<Instance, 'ip' | 'port'>): string =>
  ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;

/** Nobody else's instances are ever touched, and these marks tell them apart. */
export const isOurs = ({ metadata }: Instance, owner: string): boolean =>
  metadata['managed-by'] === 'wscluster' && metadata.owner === owner;

/**
 * The instances that stand for `members`. The revision of the ring is not among their metadata: it would have every
 * instance written, and every consumer told, at each step of the ring, for something that no consumer can compare.
 */
export function instancesOf(members: readonly Member[], { owner, cluster }: Ownership): Instance[] {
  const byAddress = new Map<string, Instance>();
  // Where a leaving and an arriving node share an address the arriving one is meant.
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
