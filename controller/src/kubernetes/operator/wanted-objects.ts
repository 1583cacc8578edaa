import type { V1Deployment } from '@kubernetes/client-node';
import { WsClusterError } from '@wscluster/ring';
import type { ClusterSpec } from '../../core/spec/schema.ts';
import type { ClusterIdentity } from '../names.ts';
import { deploymentApplies, holdsReplicas } from '../objects/gateway-deployment.ts';
import { gatewayObjects } from '../objects/gateway-objects.ts';
import type { WantedObject } from './gateway-keeper.ts';

/** The desired objects of a cluster's gateways. Throws CONFIG_INVALID without an image for gateways. */
export function wantedObjects(
  { id, namespace, name, uid }: ClusterIdentity,
  spec: ClusterSpec,
  defaultImage: string | undefined,
): readonly WantedObject[] {
  const gatewayImage = spec.gateway.image ?? defaultImage;
  if (gatewayImage === undefined)
    throw new WsClusterError('CONFIG_INVALID', 'spec.gateway.image: is required, or --gateway-image for all clusters', {
      field: 'spec.gateway.image',
    });
  const input = { cluster: { id, namespace, name, uid }, spec, gatewayImage };
  return gatewayObjects(input).map((object) => ({
    object,
    ...(object.kind === 'Deployment' && {
      applies: (existing) => {
        const deployment = existing as V1Deployment | undefined;
        return deploymentApplies(
          input,
          deployment && {
            replicas: deployment.spec?.replicas ?? 1,
            holdsReplicas: holdsReplicas(deployment.metadata?.managedFields),
          },
        );
      },
    }),
  }));
}
