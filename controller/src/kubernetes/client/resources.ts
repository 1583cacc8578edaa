import { API_VERSION, KIND } from '../../core/spec/schema.ts';

/** A kind of object, and its place in the API. */
export interface Resource {
  /** Group and version: `apps/v1`; `v1` for the core. */
  readonly apiVersion: string;
  readonly kind: string;
  /** Lower case, as in the path. */
  readonly plural: string;
}

/** All kinds that wscluster uses; all are namespaced. */
export const RESOURCES = {
  pods: { apiVersion: 'v1', kind: 'Pod', plural: 'pods' },
  services: { apiVersion: 'v1', kind: 'Service', plural: 'services' },
  secrets: { apiVersion: 'v1', kind: 'Secret', plural: 'secrets' },
  events: { apiVersion: 'events.k8s.io/v1', kind: 'Event', plural: 'events' },
  deployments: { apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments' },
  podDisruptionBudgets: { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', plural: 'poddisruptionbudgets' },
  leases: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', plural: 'leases' },
  wsClusters: { apiVersion: API_VERSION, kind: KIND, plural: 'wsclusters' },
} as const satisfies Record<string, Resource>;

/** The kind of an object; undefined for kinds that wscluster does not use. */
export function resourceOf(object: { apiVersion?: string; kind?: string }): Resource | undefined {
  return Object.values(RESOURCES).find(
    ({ apiVersion, kind }) => apiVersion === object.apiVersion && kind === object.kind,
  );
}

export interface Place {
  /** All namespaces when undefined; then without a name. */
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** The path of objects in the API, beginning with `/`. */
export function pathOf({ apiVersion, plural }: Resource, { namespace, name, subresource }: Place): string {
  const segments = [apiVersion.includes('/') ? 'apis' : 'api', ...apiVersion.split('/')];
  if (namespace !== undefined) segments.push('namespaces', namespace);
  segments.push(plural);
  if (name !== undefined) segments.push(name);
  if (subresource !== undefined) segments.push(subresource);
  return `/${segments.map(encodeURIComponent).join('/')}`;
}
