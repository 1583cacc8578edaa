import { setTimeout as delay } from 'node:timers/promises';
import type { Kube } from '../client/kube.ts';
import type { KubeObject } from '../client/object.ts';
import { deleteObject } from '../client/objects.ts';
import { RESOURCES } from '../client/resources.ts';
import { LABELS, MANAGER, objectName, type Role, selectorOf, selectorText } from '../names.ts';
import type { ClusterResource } from './resource.ts';

/** How long to wait for the pods to end, which are deleted together, ms. */
const ENDED_MS = 120_000;
const LOOK_MS = 500;

/** Deletes the gateways of a deleted cluster, and the nodes that it created. */
export async function endPods(kube: Kube, { namespace, name }: ClusterResource): Promise<void> {
  await deleteObject(kube, { resource: RESOURCES.deployments, namespace, name: objectName({ name }, 'gateway') });
  for (const { metadata } of await podsOf(kube, { namespace, name }, 'node'))
    if (metadata.deletionTimestamp === undefined)
      await deleteObject(kube, { resource: RESOURCES.pods, namespace, name: metadata.name, uid: metadata.uid });
}

/** Resolves once none of them is left, or the time is up: a machine may be dead. */
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
