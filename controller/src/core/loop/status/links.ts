import type { Observed } from './conditions.ts';

/** The state of a server that the controller needs. */
export interface Link {
  readonly name: 'store' | 'bus' | 'registry';
  /** `none`: not configured. */
  readonly state: 'connected' | 'lost' | 'starting' | 'none';
  /** ISO 8601; when this state was first seen. */
  readonly since: string;
  /** What is wrong; empty when nothing is. */
  readonly message: string;
}

/** The present links; `since` changes only with the state. Pure. */
export function linksOf(before: readonly Link[], observed: Pick<Observed, 'publish' | 'registry'>, now: Date): Link[] {
  const { publish, registry } = observed;
  const link = (name: Link['name'], state: Link['state'], message = ''): Link => {
    const known = before.find((candidate) => candidate.name === name);
    return { name, state, since: known?.state === state ? known.since : now.toISOString(), message };
  };
  const brought = (name: 'store' | 'bus', error: string | undefined) =>
    error === undefined ? link(name, 'connected') : link(name, 'lost', error);
  return [brought('store', publish.storeError), brought('bus', publish.busError), registryLink()];

  function registryLink(): Link {
    if (registry === undefined) return link('registry', 'none');
    if (registry.error !== undefined) return link('registry', 'lost', registry.error);
    return link('registry', registry.synced ? 'connected' : 'starting');
  }
}
