import type { KubeObject, ObjectMeta } from '../client/object.ts';
import { RESOURCES } from '../client/resources.ts';
import { ANNOTATIONS } from '../names.ts';

/** A Lease as the API answers it. */
export interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

export interface Holder {
  readonly identity: string;
  readonly url: string;
  readonly durationSeconds: number;
}

/** The Lease to write, with all fields of the one that was read, so that nobody else's fields are lost. */
export interface LeaseToWrite {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Partial<ObjectMeta>;
  readonly spec: NonNullable<Lease['spec']>;
}

/** A new Lease, held from now on. */
export function newLease(namespace: string, name: string, holder: Holder): LeaseToWrite {
  return written({ namespace, name }, taken(undefined, holder, new Date()), holder.url);
}

/** The Lease, taken or renewed now. */
export function heldLease({ metadata, spec }: Lease, holder: Holder): LeaseToWrite {
  const now = new Date();
  const isOurs = spec?.holderIdentity === holder.identity;
  return written(metadata, isOurs ? { ...spec, ...renewed(holder, now) } : taken(spec, holder, now), holder.url);
}

/** The Lease, free for anyone. */
export function freeLease({ metadata, spec }: Lease): LeaseToWrite {
  return written(
    metadata,
    { ...spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(new Date()) },
    undefined,
  );
}

/** The holder; undefined if there is none. */
export function holderOf(lease: Lease | undefined): string | undefined {
  return lease?.spec?.holderIdentity || undefined;
}

/** Changes when the holder renews the Lease, and not when somebody annotates it. */
export function renewalOf({ metadata, spec = {} }: Lease): string {
  const { holderIdentity, renewTime, acquireTime, leaseTransitions } = spec;
  return JSON.stringify([metadata.uid, holderIdentity, renewTime, acquireTime, leaseTransitions]);
}

/** RFC 3339 with six fractional digits: Kubernetes accepts nothing else. */
function microTime(time: Date): string {
  return time.toISOString().replace('Z', '000Z');
}

function renewed({ durationSeconds }: Holder, now: Date) {
  return { leaseDurationSeconds: durationSeconds, renewTime: microTime(now) };
}

function taken(before: Lease['spec'], holder: Holder, now: Date): NonNullable<Lease['spec']> {
  return {
    ...before,
    ...renewed(holder, now),
    holderIdentity: holder.identity,
    acquireTime: microTime(now),
    leaseTransitions: before === undefined ? 0 : (before.leaseTransitions ?? 0) + 1,
  };
}

function written(
  { annotations = {}, ...metadata }: Partial<ObjectMeta>,
  spec: LeaseToWrite['spec'],
  url: string | undefined,
): LeaseToWrite {
  const { apiVersion, kind } = RESOURCES.leases;
  const { [ANNOTATIONS.api]: _, ...others } = annotations;
  return {
    apiVersion,
    kind,
    metadata: { ...metadata, annotations: url === undefined ? others : { ...others, [ANNOTATIONS.api]: url } },
    spec,
  };
}
