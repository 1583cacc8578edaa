import type { Crowd } from '../../e2e/support/crowd.ts';
import type { Owners } from '../../e2e/support/system.ts';
import { until } from '../../e2e/support/wait.ts';

/** The sample backend calls itself by its host name, which Docker makes of the first 12 digits of its id. */
export function hostNameOf(nodeId: string | undefined): string | undefined {
  return nodeId?.slice(0, 12);
}

/** Waits until every client is connected to the owner of its key. */
export async function allWithOwners(crowd: Crowd, owners: Owners): Promise<void> {
  await until('every client is with its owner', () =>
    crowd.clients.every(({ key, node }) => node !== undefined && node === hostNameOf(owners(key))),
  );
}

/** Keys of the crowd that have another owner than before, sorted. */
export function changedKeys(crowd: Crowd, before: Owners, after: Owners): string[] {
  return crowd.keys(({ key }) => before(key) !== after(key));
}
