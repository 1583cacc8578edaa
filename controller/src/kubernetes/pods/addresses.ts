import { formatHostPort } from '@wscluster/service';
import type { PodFacts } from './pod-facts.ts';

export interface TakenAddress {
  readonly address: string;
  /** Name of the pod that has it. */
  readonly by: string;
}

export interface NodeAddresses {
  /** `host:port` by uid. */
  readonly addresses: ReadonlyMap<string, string>;
  /** Pods whose address another pod already has, by uid: two on the network of one host, for example. */
  readonly taken: ReadonlyMap<string, TakenAddress>;
}

/** The addresses of pods that have not ended. If two have the same address, the one that was created first keeps it. */
export function addressesOf(pods: readonly PodFacts[], port: number): NodeAddresses {
  const addresses = new Map<string, string>();
  const taken = new Map<string, TakenAddress>();
  const owners = new Map<string, PodFacts>();
  const byAge = [...pods].sort((a, b) => a.createdAt - b.createdAt || (a.uid < b.uid ? -1 : 1));
  for (const pod of byAge) {
    if (pod.ip === undefined) continue;
    const address = formatHostPort({ host: pod.ip, port: pod.port ?? port });
    const owner = owners.get(address);
    if (owner !== undefined) {
      taken.set(pod.uid, { address, by: owner.name });
      continue;
    }
    owners.set(address, pod);
    addresses.set(pod.uid, address);
  }
  return { addresses, taken };
}
