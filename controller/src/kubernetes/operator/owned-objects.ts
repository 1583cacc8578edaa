import { createHash } from 'node:crypto';
import { WsClusterError } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import { KIND } from '../../core/spec/schema.ts';
import { type Informer, startInformer } from '../client/informer.ts';
import type { Kube } from '../client/kube.ts';
import type { KubeObject } from '../client/object.ts';
import type { Writable } from '../client/objects.ts';
import { RESOURCES, type Resource } from '../client/resources.ts';
import { ANNOTATIONS, LABELS, MANAGER, selectorText } from '../names.ts';

const KINDS: readonly Resource[] = [RESOURCES.deployments, RESOURCES.services, RESOURCES.podDisruptionBudgets];

/** What is kept of an object that belongs to a WsCluster. */
export interface OwnedObject {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Uid of the WsCluster. */
  readonly ownerUid: string;
  /** It was deleted, and is waiting for its finalizers or for the objects that it owns. */
  readonly terminating: boolean;
  /** Digest of everything that people can change; not of its status. */
  readonly digest: string;
}

interface SpecifiedObject extends KubeObject {
  readonly spec?: unknown;
}

/** Watches the objects that belong to any WsCluster, to notice manual changes. */
export class OwnedObjects {
  readonly #informers: readonly Informer<SpecifiedObject, OwnedObject>[];
  readonly #onChange: (owners: ReadonlySet<string>) => void;
  /** A text per WsCluster that identifies the state of its objects, as last reported. */
  #told: ReadonlyMap<string, string> = new Map();
  #isAllTold = false;

  /** `onChange`: the uids of the WsClusters with an object that came, went or changed; at first all that own one. */
  constructor(parts: {
    kube: Kube;
    namespace: string | undefined;
    log: Logger;
    onChange(owners: ReadonlySet<string>): void;
  }) {
    const { kube, namespace, log } = parts;
    this.#onChange = (owners) => parts.onChange(owners);
    this.#informers = KINDS.map((resource) =>
      startInformer<SpecifiedObject, OwnedObject>({
        ...{ kube, resource, namespace, log, labelSelector: selectorText({ [LABELS.managedBy]: MANAGER }) },
        onChange: () => this.#look(),
        keep: (object) => readOwned(resource, object),
      }),
    );
  }

  get synced(): boolean {
    return this.#informers.every(({ synced }) => synced);
  }

  /** Why the objects cannot be watched now; undefined if they can. */
  get problem(): string | undefined {
    return this.#informers.find(({ problem }) => problem !== undefined)?.problem?.message;
  }

  /** The objects of one WsCluster. */
  of(ownerUid: string): OwnedObject[] {
    return this.#informers.flatMap(({ objects }) =>
      [...objects.values()].filter((object) => object.ownerUid === ownerUid),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#informers.map((informer) => informer.close()));
  }

  #look(): void {
    // Before that, nobody acts on the objects.
    if (!this.synced) return;
    const now = textsByOwner(this.#informers.flatMap(({ objects }) => [...objects.values()]));
    const changed = changedOwners(this.#told, now);
    this.#told = now;
    const first = !this.#isAllTold;
    this.#isAllTold = true;
    if (first || changed.size > 0) this.#onChange(changed);
  }
}

/** A text per WsCluster that differs whenever one of its objects does. */
export function textsByOwner(objects: readonly OwnedObject[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const { ownerUid, uid, digest, terminating } of objects)
    texts.set(ownerUid, `${texts.get(ownerUid) ?? ''} ${uid} ${digest} ${terminating}`);
  return texts;
}

/** The owners whose objects differ. Most events come from rollouts, and only change a status. */
export function changedOwners(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): Set<string> {
  return new Set([...before.keys(), ...now.keys()].filter((owner) => before.get(owner) !== now.get(owner)));
}

/** Undefined if no WsCluster owns it. */
export function readOwned(resource: Resource, object: SpecifiedObject): OwnedObject | undefined {
  const { namespace = '', name, uid, labels, annotations, ownerReferences = [], deletionTimestamp } = object.metadata;
  const owner = ownerReferences.find(({ kind, controller }) => kind === KIND && controller === true);
  if (owner === undefined) return undefined;
  const own = Object.entries(annotations ?? {}).filter(([key]) => key !== ANNOTATIONS.rollout);
  const text = JSON.stringify([labels, own, ownerReferences, object.spec]);
  return {
    ...{ resource, namespace, name, uid, ownerUid: owner.uid },
    terminating: deletionTimestamp !== undefined,
    digest: createHash('sha1').update(text).digest('base64'),
  };
}

/** Throws CONFLICT if the existing object with a desired name is not ours: it would be deleted with the WsCluster. */
export function refuseForeign(
  wanted: Writable & { metadata?: Pick<KubeObject['metadata'], 'ownerReferences'> },
  there: KubeObject,
): void {
  const { namespace, name, labels, ownerReferences = [] } = there.metadata;
  const ours = wanted.metadata?.ownerReferences ?? [];
  if (ownerReferences.some(({ uid }) => ours.some((own) => own.uid === uid))) return;
  const other = ownerReferences.find(({ controller }) => controller === true);
  // It may belong to a WsCluster of the same name that was just deleted: then it goes with its owner.
  if (other === undefined && labels?.[LABELS.managedBy] === MANAGER) return;
  const owner =
    other === undefined
      ? 'was created by somebody else'
      : `belongs to the ${other.kind} ${other.name} (uid ${other.uid})`;
  throw new WsClusterError(
    'CONFLICT',
    `the ${wanted.kind} ${name} in the namespace ${namespace} ${owner}, and this WsCluster needs that name: delete the ${wanted.kind}, or rename the WsCluster; until then the controller leaves the ${wanted.kind} as it is`,
  );
}
