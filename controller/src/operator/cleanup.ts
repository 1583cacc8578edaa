import type { Kube } from '../kubernetes/kube.ts';
import { RESOURCES } from '../kubernetes/resources.ts';
import type { ClusterResource } from './resource.ts';

/** While a WsCluster has this, it is not gone: what it has outside of Kubernetes is to be removed first. */
export const FINALIZER = 'wscluster.io/cleanup';

export async function addFinalizer(kube: Kube, resource: ClusterResource): Promise<void> {
  if (!resource.finalizers.includes(FINALIZER))
    await setFinalizers(kube, resource, [...resource.finalizers, FINALIZER]);
}

/** From here on Kubernetes deletes it, and all that it owns. */
export async function removeFinalizer(kube: Kube, resource: ClusterResource): Promise<void> {
  if (resource.finalizers.includes(FINALIZER))
    await setFinalizers(
      kube,
      resource,
      resource.finalizers.filter((finalizer) => finalizer !== FINALIZER),
    );
}

/** Rejects with CONFLICT when the resource has changed since it was read: others have finalizers too. */
async function setFinalizers(
  kube: Kube,
  { namespace, name, uid, resourceVersion }: ClusterResource,
  finalizers: readonly string[],
): Promise<void> {
  await kube.call({
    verb: 'patch',
    resource: RESOURCES.wsClusters,
    namespace,
    name,
    contentType: 'application/merge-patch+json',
    body: { metadata: { uid, resourceVersion, finalizers } },
  });
}
