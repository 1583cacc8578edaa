import { gatewayLimitsSchema } from '@wscluster/ring';
import { z } from 'zod';
import { cel } from './cel.ts';
import { labelMap } from './label-maps.ts';
import { only } from './modes.ts';

const quantity = z.union([z.int(), z.string()]).meta({ 'x-kubernetes-int-or-string': true });

const resourceMap = z.record(z.string().min(1), quantity).meta({ maxProperties: 16 });

const resourcesSchema = z
  .strictObject({
    requests: resourceMap.optional().describe('What a gateway is sure to have, by resource.'),
    limits: resourceMap.optional().describe('What a gateway may use at most, by resource.'),
  })
  .default({ requests: { cpu: '100m', memory: '128Mi' } })
  .meta(only('kubernetes', 'cpu and memory of each gateway.'));

const serviceSchema = z
  .strictObject({
    type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']).default('ClusterIP').describe('From where it is reached.'),
    port: z.int().min(1).max(65_535).default(80).describe('Port of the Service.'),
    nodePort: z
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .describe('Port on every machine, of type NodePort or LoadBalancer. Default: Kubernetes picks one.'),
    annotations: labelMap.default({}).describe('Annotations of the Service, as load balancers want them.'),
  })
  .prefault({})
  .meta({
    ...only('kubernetes', 'the Service <name>-gateway, by which clients reach the gateways.'),
    ...cel({
      rule: "!has(self.nodePort) || self.type != 'ClusterIP'",
      message: 'is only for type NodePort and LoadBalancer',
      fieldPath: '.nodePort',
    }),
  });

const gatewayPodSchema = z
  .strictObject({
    labels: labelMap.default({}).describe('Labels of the pods, beside those of wscluster.'),
    annotations: labelMap.default({}).describe('Annotations of the pods; these win over those of wscluster.'),
    imagePullSecrets: z
      .array(z.strictObject({ name: z.string().min(1).describe('Name of the Secret.') }))
      .max(16)
      .default([])
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
      .describe('Secrets by which the image is pulled.'),
    priorityClassName: z.string().min(1).max(253).optional().describe('PriorityClass of the pods.'),
    nodeSelector: labelMap.default({}).describe('Labels of the machines that may run gateways.'),
    tolerations: z
      .array(z.looseObject({}))
      .max(32)
      .default([])
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .describe('Tolerations of the pods.'),
    affinity: z
      .looseObject({})
      .optional()
      .describe('Affinity of the pods. Default: gateways rather run on different machines.'),
  })
  .prefault({})
  .meta(only('kubernetes', 'what else the pods of the gateways have.'));

export const gatewaySchema = z
  .strictObject({
    limits: z
      .strictObject(gatewayLimitsSchema.shape)
      .prefault({})
      .describe('What each gateway process lets clients do. Changes hold at once, for new connections.'),
    replicas: z
      .int()
      .min(0)
      .max(1000)
      .optional()
      .meta(
        only(
          'kubernetes',
          'gateways to run. Default: 2 at first, then left to whoever scales the Deployment, such as a HorizontalPodAutoscaler.',
        ),
      ),
    image: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .meta(only('kubernetes', 'image of the gateways. Default: that which the controller was started with.')),
    drainSeconds: z
      .number()
      .min(0)
      .max(3600)
      .default(30)
      .meta(only('kubernetes', 'seconds over which a gateway that stops spreads the Close 1001 of its clients.')),
    resources: resourcesSchema,
    service: serviceSchema,
    pod: gatewayPodSchema,
  })
  .describe('The gateways, which clients connect to.');
export type GatewaySpec = z.infer<typeof gatewaySchema>;
