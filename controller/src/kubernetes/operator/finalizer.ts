import { refusalOf } from '../client/api-error.ts';
import type { Kube } from '../client/kube.ts';
import { readObject } from '../client/objects.ts';
import { RESOURCES } from '../client/resources.ts';
import { FINALIZER } from '../names.ts';
import { type ClusterResource, readResource, type WsClusterObject } from './resource.ts';

/** Others may write the resource at the same time. */
const TRIES = 5;

export async function addFinalizer(kube: Kube, resource: ClusterResource): Promise<void> {
  await change(kube, resource, (finalizers) =>
    finalizers.includes(FINALIZER) ? finalizers : [...finalizers, FINALIZER],
  );
}

/** From here on Kubernetes deletes it, and everything that it owns. */
export async function removeFinalizer(kube: Kube, resource: ClusterResource): Promise<void> {
  await change(kube, resource, (finalizers) => finalizers.filter((finalizer) => finalizer !== FINALIZER));
}

/** If the resource is gone, or another one by now, there is no finalizer to change. */
async function change(
  kube: Kube,
  known: ClusterResource,
  next: (finalizers: readonly string[]) => readonly string[],
): Promise<void> {
  const { namespace, name, uid } = known;
  const ref = { resource: RESOURCES.wsClusters, namespace, name };
  for (let attempt = 1, resource: ClusterResource = known; ; attempt++) {
    const finalizers = next(resource.finalizers);
    if (String(finalizers) === String(resource.finalizers)) return;
    try {
      const { resourceVersion } = resource;
      await kube.call({
        ...ref,
        verb: 'patch',
        contentType: 'application/merge-patch+json',
        body: { metadata: { uid, resourceVersion, finalizers } },
      });
      return;
    } catch (error) {
      const status = refusalOf(error)?.status;
      if (status === 404) return;
      if (status !== 409 || attempt === TRIES) throw error;
      const now = await readObject<WsClusterObject>(kube, ref);
      if (now?.metadata.uid !== uid) return;
      resource = readResource(now);
    }
  }
}
