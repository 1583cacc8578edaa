import { WsClusterError } from '@wscluster/ring';
import { FIELD_MANAGERS } from '../names.ts';
import { refusalOf } from './api-error.ts';
import type { Kube } from './kube.ts';
import type { KubeObject } from './object.ts';
import { type Resource, resourceOf } from './resources.ts';

const APPLY = 'application/apply-patch+yaml'; // JSON is YAML
const MERGE = 'application/merge-patch+json';

/** An object to write, such as the typed objects of the client library. */
export interface Writable {
  apiVersion?: string;
  kind?: string;
  metadata?: { name?: string; namespace?: string; uid?: string };
}

/** An existing object. */
export interface ObjectRef {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  /** If given, another object with the same name is not meant: CONFLICT. */
  readonly uid?: string | undefined;
}

/** Creates the object, or takes ownership of the named fields and sets them (server-side apply, forced). */
export async function applyObject<T extends KubeObject>(
  kube: Kube,
  object: Writable,
  fieldManager: string = FIELD_MANAGERS.own,
): Promise<T> {
  return await apply(kube, object, undefined, fieldManager);
}

/** Sets the complete status: fields of ours that are not given are removed. NOT_FOUND if the object does not exist. */
export async function patchStatus<T extends KubeObject>(kube: Kube, object: Writable & { status: object }): Promise<T> {
  return await apply(kube, object, 'status', FIELD_MANAGERS.own);
}

async function apply<T>(
  kube: Kube,
  object: Writable,
  subresource: string | undefined,
  fieldManager: string,
): Promise<T> {
  const { namespace, name } = object.metadata ?? {};
  const query = { fieldManager, force: true };
  const contentType = APPLY;
  return await kube.call({
    verb: 'patch',
    resource: kindOf(object),
    namespace,
    name,
    subresource,
    query,
    contentType,
    body: object,
  });
}

/** CONFLICT if an object with the name exists. */
export async function createObject<T extends KubeObject>(kube: Kube, object: Writable): Promise<T> {
  const { namespace } = object.metadata ?? {};
  return await kube.call({
    verb: 'create',
    resource: kindOf(object),
    namespace,
    query: { fieldManager: FIELD_MANAGERS.own },
    body: object,
  });
}

/** Undefined if there is none. */
export async function readObject<T extends KubeObject>(
  kube: Kube,
  { resource, namespace, name }: ObjectRef,
): Promise<T | undefined> {
  try {
    return await kube.call({ verb: 'get', resource, namespace, name });
  } catch (error) {
    if (refusalOf(error)?.status === 404) return undefined;
    throw error;
  }
}

/**
 * Changes annotations; null removes one. NOT_FOUND if the object does not exist, CONFLICT if it is another one by now.
 */
export async function annotateObject<T extends KubeObject>(
  kube: Kube,
  ref: ObjectRef,
  annotations: Readonly<Record<string, string | null>>,
): Promise<T> {
  return await mergeMetadata(kube, ref, { annotations });
}

/** Like annotateObject, for labels. */
export async function labelObject<T extends KubeObject>(
  kube: Kube,
  ref: ObjectRef,
  labels: Readonly<Record<string, string | null>>,
): Promise<T> {
  return await mergeMetadata(kube, ref, { labels });
}

async function mergeMetadata<T>(
  kube: Kube,
  { resource, namespace, name, uid }: ObjectRef,
  changes: object,
): Promise<T> {
  const metadata = { ...changes, ...(uid === undefined ? {} : { uid }) };
  return await kube.call({
    verb: 'patch',
    resource,
    namespace,
    name,
    query: { fieldManager: FIELD_MANAGERS.own },
    contentType: MERGE,
    body: { metadata },
  });
}

/**
 * Deletes an object, and in the background what it owns. False if it is already gone, or another one by now.
 * `graceSeconds`: default the object's own.
 */
export async function deleteObject(
  kube: Kube,
  { resource, namespace, name, uid }: ObjectRef,
  { graceSeconds }: { graceSeconds?: number } = {},
): Promise<boolean> {
  const body = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: 'Background',
    ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
    ...(uid === undefined ? {} : { preconditions: { uid } }),
  };
  try {
    await kube.call({ verb: 'delete', resource, namespace, name, body });
    return true;
  } catch (error) {
    const status = refusalOf(error)?.status;
    if (status === 404 || (status === 409 && uid !== undefined)) return false;
    throw error;
  }
}

function kindOf(object: Writable): Resource {
  const resource = resourceOf(object);
  if (resource !== undefined) return resource;
  throw new WsClusterError('INTERNAL', `the kind ${object.apiVersion} ${object.kind} is not known here`);
}
