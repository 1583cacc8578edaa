import type { V1Service, V1ServicePort } from '@kubernetes/client-node';
import { selectorOf } from '../names.ts';
import { CLIENT_PORT } from './gateway-pod.ts';
import { metadataOf, type ObjectsInput } from './owned.ts';

/** The Service through which clients reach the gateways. */
export function gatewayService(input: ObjectsInput): V1Service {
  const { type, port, nodePort, externalTrafficPolicy, annotations } = input.spec.gateway.service;
  const clients: V1ServicePort = {
    name: CLIENT_PORT.name,
    protocol: 'TCP',
    port,
    targetPort: CLIENT_PORT.name,
    ...(nodePort !== undefined && { nodePort }),
  };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadataOf(input, 'gateway'), ...(Object.keys(annotations).length > 0 && { annotations }) },
    spec: {
      type,
      ports: [clients],
      selector: selectorOf(input.cluster, 'gateway'),
      ...(externalTrafficPolicy !== undefined && { externalTrafficPolicy }),
    },
  };
}
