import { formatHostPort } from '@wscluster/service';
import type { ContainerFacts, HostPortBinding } from './facts.ts';
import type { DockerNodeSettings } from './settings.ts';

export type ResolvedAddress =
  | { readonly address: string }
  /** `missing` says what a node lacks; `action` what to do about it. */
  | { readonly missing: string; readonly action: string };

type AddressSettings = Pick<DockerNodeSettings, 'network' | 'addressFrom' | 'publishedHost'>;

const WILDCARDS = new Set(['', '0.0.0.0', '::']);

/** Where a running container is reached. */
export function addressOf(facts: ContainerFacts, port: number, settings: AddressSettings): ResolvedAddress {
  const { publishedHost: host, addressFrom } = settings;
  if (facts.networkMode === 'host') return { address: formatHostPort({ host, port }) };
  return addressFrom === 'publishedPort' ? publishedAddress(facts, port, host) : networkAddress(facts, port, settings);
}

function publishedAddress(facts: ContainerFacts, port: number, publishedHost: string): ResolvedAddress {
  const bindings = facts.publishedPorts[`${port}/tcp`] ?? [];
  const binding = bindings.find(({ ip }) => !ip.includes(':')) ?? bindings[0];
  if (binding === undefined)
    return {
      missing: `its port ${port}/tcp is not published`,
      action: `publish it with -p ${port}, or name the published port in the label wscluster.io/port, or use addressFrom: network`,
    };
  return { address: formatHostPort({ host: reachableHost(binding, publishedHost), port: binding.port }) };
}

function reachableHost({ ip }: HostPortBinding, publishedHost: string): string {
  return WILDCARDS.has(ip) ? publishedHost : ip;
}

function networkAddress(facts: ContainerFacts, port: number, { network }: AddressSettings): ResolvedAddress {
  const { networks, networkMode } = facts;
  const names = networks.map(({ name }) => name).join(', ');
  if (networkMode.startsWith('container:'))
    return {
      missing: `it shares the network of another container (${networkMode})`,
      action: 'give it its own network, or put the labels on the container that owns the network',
    };
  if (network === undefined && networks.length > 1)
    return { missing: `it is on several networks (${names})`, action: 'set spec.nodes.network to one of them' };
  const chosen = network === undefined ? networks[0] : networks.find(({ name }) => name === network);
  if (chosen === undefined)
    return network === undefined
      ? { missing: 'it is on no network', action: 'connect it to one: docker network connect' }
      : {
          missing: `it is not on the network ${network}, but on ${names === '' ? 'none' : names}`,
          action: `docker network connect ${network} ${facts.name}`,
        };
  if (chosen.ip === undefined)
    return {
      missing: `it has no IP address on the network ${chosen.name}`,
      action: 'see docker inspect; networks of the driver "none" have no addresses',
    };
  return { address: formatHostPort({ host: chosen.ip, port }) };
}
