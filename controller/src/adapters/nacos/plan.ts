import { type Instance, isOurs, keyOf } from './instances.ts';

/** The changes that take a service from its present instances to the wanted ones. */
export interface Plan {
  readonly register: readonly Instance[];
  readonly update: readonly Instance[];
  readonly deregister: readonly Instance[];
  /** Wanted, but somebody else has registered an instance at the same address. Left alone. */
  readonly taken: readonly Instance[];
}

/** `existing`: all instances of the service. Instances of others are never in `update` or `deregister`. */
export function plan(existing: readonly Instance[], wanted: readonly Instance[], owner: string): Plan {
  const registered = new Map(existing.map((instance) => [keyOf(instance), instance]));
  const keep = new Set(wanted.map(keyOf));
  const at = (instance: Instance) => registered.get(keyOf(instance));
  const present = wanted.flatMap((instance) => {
    const found = at(instance);
    return found === undefined ? [] : [{ instance, found }];
  });
  return {
    register: wanted.filter((instance) => at(instance) === undefined),
    update: present
      .filter(({ instance, found }) => isOurs(found, owner) && !says(found, instance))
      .map(({ instance, found }) => ({ ...instance, metadata: { ...found.metadata, ...instance.metadata } })),
    deregister: existing.filter((instance) => isOurs(instance, owner) && !keep.has(keyOf(instance))),
    taken: present.filter(({ found }) => !isOurs(found, owner)).map(({ instance }) => instance),
  };
}

/**
 * Metadata that others have added (labels for traffic rules, for example) do not count as a difference, and an update
 * keeps them.
 */
function says(found: Instance, wanted: Instance): boolean {
  return (
    found.weight === wanted.weight &&
    found.enabled === wanted.enabled &&
    found.healthy === wanted.healthy &&
    Object.entries(wanted.metadata).every(([name, value]) => found.metadata[name] === value)
  );
}
