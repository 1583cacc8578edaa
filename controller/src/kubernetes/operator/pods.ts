import { setTimeout as delay } from 'node:timers/promises';
import type { Kube } from '../client/kube.ts';
import type { KubeObject } from '../client/object.ts';
import { deleteObject } from '../client/objects.ts';
import { RESOURCES } from '../client/resources.ts';
import { LABELS, MANAGER, objectName, type Role, selectorOf, selectorText } from '../names.ts';
import type { ClusterResource } from './resource.ts';

/** Pods are asked to end together; longer than they may take nobody waits for them, ms. */
const ENDED_MS = 120_000;
const LOOK_MS = 500;

/** Asks the pods of a deleted cluster to end, gateways and nodes that it made. */
export async function endPods(kube: Kube, { namespace, name }: ClusterResource): Promise<void> {
  await deleteObject(kube, { resource: RESOURCES.deployments, namespace, name: objectName({ name }, 'gateway') });
  for (const { metadata } of await podsOf(kube, { namespace, name }, 'node'))
    if (metadata.deletionTimestamp === undefined)
      await deleteObject(kube, { resource: RESOURCES.pods, namespace, name: metadata.name, uid: metadata.uid });
}

/** Resolves when none of them is left, or does not end: its machine may be dead. */
export async function podsEnded(kube: Kube, resource: ClusterResource): Promise<void> {
  const deadline = performance.now() + ENDED_MS;
  for (;;) {
    const left = [...(await podsOf(kube, resource, 'node')), ...(await podsOf(kube, resource, 'gateway'))];
    if (left.length === 0 || performance.now() > deadline) return;
    await delay(LOOK_MS);
  }
}

async function podsOf(
  kube: Kube,
  { namespace, name }: Pick<ClusterResource, 'namespace' | 'name'>,
  role: Role,
): Promise<readonly KubeObject[]> {
  const selector = selectorText({ ...selectorOf({ name }, role), [LABELS.managedBy]: MANAGER });
  const { items } = await kube.call<{ items: readonly KubeObject[] }>({
    verb: 'list',
    resource: RESOURCES.pods,
    namespace,
    query: { labelSelector: selector },
  });
  return items;
}
