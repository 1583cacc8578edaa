import { createHash } from 'node:crypto';
import type { Logger } from '@wscluster/service';
import type { Kube } from '../kubernetes/kube.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { type ObjectWatch, watchObjects } from '../kubernetes/object-watch.ts';
import { RESOURCES, type Resource } from '../kubernetes/resources.ts';

const KINDS: readonly Resource[] = [RESOURCES.deployments, RESOURCES.services, RESOURCES.podDisruptionBudgets];

/** All that the controller makes for clusters, and nothing else, has this label. */
const SELECTOR = 'app.kubernetes.io/managed-by=wscluster';

/** Set by Kubernetes itself, with each rollout. */
const THEIR_ANNOTATION = 'deployment.kubernetes.io/revision';

/** What is kept of an object that belongs to a WsCluster. */
export interface OwnedObject {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Of the WsCluster. */
  readonly ownerUid: string;
  /** Of all that people can change; not of its status. */
  readonly digest: string;
}

interface SpecifiedObject extends KubeObject {
  readonly spec?: unknown;
}

/** Follows the objects that belong to any WsCluster, so that what is changed by hand is noticed. */
export class OwnedObjects {
  readonly #watches: readonly ObjectWatch<SpecifiedObject, OwnedObject>[];

  constructor(parts: { kube: Kube; namespace: string | undefined; log: Logger; onChange(): void }) {
    const { kube, namespace, log, onChange } = parts;
    this.#watches = KINDS.map((resource) =>
      watchObjects<SpecifiedObject, OwnedObject>({
        ...{ kube, resource, namespace, log, onChange, labelSelector: SELECTOR },
        keep: (object) => readOwned(resource, object),
      }),
    );
  }

  get synced(): boolean {
    return this.#watches.every(({ synced }) => synced);
  }

  /** Of one WsCluster. */
  of(ownerUid: string): OwnedObject[] {
    return this.#watches.flatMap(({ objects }) =>
      [...objects.values()].filter((object) => object.ownerUid === ownerUid),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#watches.map((watch) => watch.close()));
  }
}

/** Undefined when no WsCluster owns it. */
export function readOwned(resource: Resource, object: SpecifiedObject): OwnedObject | undefined {
  const { namespace = '', name, uid, labels, annotations, ownerReferences = [], deletionTimestamp } = object.metadata;
  const owner = ownerReferences.find(({ kind, controller }) => kind === 'WsCluster' && controller === true);
  if (owner === undefined || deletionTimestamp !== undefined) return undefined;
  const own = Object.entries(annotations ?? {}).filter(([key]) => key !== THEIR_ANNOTATION);
  const text = JSON.stringify([labels, own, ownerReferences, object.spec]);
  return {
    ...{ resource, namespace, name, uid, ownerUid: owner.uid },
    digest: createHash('sha1').update(text).digest('base64'),
  };
}
