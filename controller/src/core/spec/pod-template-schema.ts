import { z } from 'zod';
import { labelMap } from './label-maps.ts';
import { only } from './modes.ts';

/** Any field of a pod's spec is allowed; the API server validates those that are not described here. */
export const podTemplateSchema = z
  .looseObject({
    metadata: z
      .looseObject({
        labels: labelMap.optional().describe('Labels of the pods, in addition to those of wscluster.'),
        annotations: labelMap.optional().describe('Annotations of the pods, such as wscluster.io/weight.'),
      })
      .optional()
      .describe('Labels and annotations of the pods.'),
    spec: z
      .looseObject({
        containers: z
          .array(z.looseObject({ name: z.string().min(1).describe('Name of the container.') }))
          .min(1)
          .max(32)
          .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
          .describe(
            'Containers of the pod. The first one is the node. WSCLUSTER_ variables that it does not set are added to it.',
          ),
      })
      .describe('Spec of the pods, as in a Deployment.'),
  })
  .meta(
    only(
      'kubernetes',
      'pod template of managed nodes, as in a Deployment. A change replaces the nodes one by one, and moves each client only once.',
    ),
  );
