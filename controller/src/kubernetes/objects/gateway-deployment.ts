import type { V1Deployment, V1ManagedFieldsEntry } from '@kubernetes/client-node';
import { FIELD_MANAGERS, selectorOf } from '../names.ts';
import { gatewayPod } from './gateway-pod.ts';
import { metadataOf, type ObjectsInput } from './owned.ts';

/** Initial number of gateways, if the spec leaves it to others. */
const FIRST_REPLICAS = 2;

/** A Deployment for server-side apply, by one of its two field managers. */
export interface DeploymentApply {
  readonly fieldManager: (typeof FIELD_MANAGERS)['own' | 'replicas'];
  readonly object: V1Deployment;
}

/** The Deployment of the gateways; without a number of replicas if the spec does not set one. */
export function gatewayDeployment(input: ObjectsInput): V1Deployment {
  const { replicas } = input.spec.gateway;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadataOf(input, 'gateway'),
    spec: {
      ...(replicas !== undefined && { replicas }),
      revisionHistoryLimit: 3,
      selector: { matchLabels: selectorOf(input.cluster, 'gateway') },
      // A new gateway is ready before an old one tells its clients to reconnect.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: gatewayPod(input),
    },
  };
}

/**
 * What to apply, in this order, each by its field manager and forced. A field that its only manager no longer applies
 * returns to its default, which is 1 for replicas. So if the spec does not set the number, a separate manager takes it
 * first; whoever scales then takes it from that one.
 */
export function deploymentApplies(
  input: ObjectsInput,
  /** The existing Deployment, and whether the manager `wscluster` owns its number of replicas. */
  existing: { readonly replicas: number; readonly holdsReplicas: boolean } | undefined,
): readonly DeploymentApply[] {
  const deployment = gatewayDeployment(input);
  const whole: DeploymentApply = { fieldManager: FIELD_MANAGERS.own, object: deployment };
  if (deployment.spec?.replicas !== undefined || existing?.holdsReplicas === false) return [whole];
  const { apiVersion, kind, metadata, spec } = deployment as Required<V1Deployment>;
  const replicas = existing?.replicas ?? FIRST_REPLICAS;
  const { name = '', namespace = '' } = metadata;
  const number = { apiVersion, kind, metadata: { name, namespace }, spec: { replicas } } as V1Deployment;
  return [
    { fieldManager: FIELD_MANAGERS.own, object: { ...deployment, spec: { ...spec, replicas } } },
    { fieldManager: FIELD_MANAGERS.replicas, object: number },
    whole,
  ];
}

/** Whether the manager `wscluster` owns the number of replicas, by the `managedFields` of a Deployment's metadata. */
export function holdsReplicas(managedFields: readonly V1ManagedFieldsEntry[] = []): boolean {
  return managedFields.some(({ manager, subresource, fieldsV1 }) => {
    const fields = fieldsV1 as { 'f:spec'?: { 'f:replicas'?: object } } | undefined;
    return manager === FIELD_MANAGERS.own && !subresource && fields?.['f:spec']?.['f:replicas'] !== undefined;
  });
}
