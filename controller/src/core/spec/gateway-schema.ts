import { cidrSchema, gatewayLimitsSchema } from '@wscluster/ring';
import { z } from 'zod';
import { type CelRule, cel } from './cel.ts';
import { labelMap } from './label-maps.ts';
import { only } from './modes.ts';

const quantity = z.union([z.int(), z.string()]).meta({ 'x-kubernetes-int-or-string': true });

const resourceMap = z.record(z.string().min(1), quantity).meta({ maxProperties: 16 });

const resourcesSchema = z
  .strictObject({
    requests: resourceMap.optional().describe('Resources that each gateway is guaranteed.'),
    limits: resourceMap.optional().describe('Resources that each gateway may use at most.'),
  })
  .default({ requests: { cpu: '100m', memory: '128Mi' } })
  .meta(only('kubernetes', 'CPU and memory of each gateway.'));

const onlyFromOutside = (field: string): CelRule => ({
  rule: `!has(self.${field}) || self.type != 'ClusterIP'`,
  message: 'is only allowed for the types NodePort and LoadBalancer',
  fieldPath: `.${field}`,
});

const serviceSchema = z
  .strictObject({
    type: z
      .enum(['ClusterIP', 'NodePort', 'LoadBalancer'])
      .default('ClusterIP')
      .describe('How the Service is exposed.'),
    port: z.int().min(1).max(65_535).default(80).describe('Port of the Service.'),
    nodePort: z
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .describe('Port on every machine, for the types NodePort and LoadBalancer. Default: Kubernetes chooses one.'),
    externalTrafficPolicy: z
      .enum(['Cluster', 'Local'])
      .optional()
      .describe(
        'With Local, clients from outside keep their address, and a machine only serves them if it runs a gateway. For the types NodePort and LoadBalancer. Default: that of Kubernetes, Cluster.',
      ),
    annotations: labelMap.default({}).describe('Annotations of the Service, for example for a load balancer.'),
  })
  .prefault({})
  .meta({
    ...only('kubernetes', 'the Service <name>-gateway, through which clients reach the gateways.'),
    ...cel(...['nodePort', 'externalTrafficPolicy'].map(onlyFromOutside)),
  });

const gatewayPodSchema = z
  .strictObject({
    labels: labelMap.default({}).describe('Labels of the pods, in addition to those of wscluster.'),
    annotations: labelMap.default({}).describe('Annotations of the pods. They override those of wscluster.'),
    imagePullSecrets: z
      .array(z.strictObject({ name: z.string().min(1).describe('Name of the Secret.') }))
      .max(16)
      .default([])
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
      .describe('Secrets for pulling the image.'),
    priorityClassName: z.string().min(1).max(253).optional().describe('PriorityClass of the pods.'),
    nodeSelector: labelMap.default({}).describe('Labels that a machine must have to run gateways.'),
    tolerations: z
      .array(z.looseObject({}))
      .max(32)
      .default([])
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .describe('Tolerations of the pods.'),
    affinity: z
      .looseObject({})
      .optional()
      .describe('Affinity of the pods. Default: gateways prefer different machines.'),
  })
  .prefault({})
  .meta(only('kubernetes', 'metadata and scheduling of the gateway pods.'));

export const gatewaySchema = z
  .strictObject({
    limits: z
      .strictObject(gatewayLimitsSchema.shape)
      .prefault({})
      .describe(
        'Limits of each gateway. Changes take effect at once, for new connections; idleSeconds, pingSeconds, stallSeconds, maxHeldBytes and maxConnectionSeconds for open ones too.',
      ),
    rebalance: z
      .boolean()
      .default(false)
      .describe(
        'Evens out the gateways. If a gateway has over 10 % more connections than the mean, some of its clients are told to reconnect through the load balancer, at the pace of rebalance.maxConnectionsPerSecond, while no slots move.',
      ),
    trustedProxies: z
      .array(cidrSchema)
      .max(64)
      .default([])
      .meta({ 'x-kubernetes-list-type': 'set' })
      .describe(
        'CIDR blocks of the load balancers in front of the gateways. Gateways continue the X-Forwarded-* and Forwarded headers of these, and replace those of everybody else.',
      ),
    replicas: z
      .int()
      .min(0)
      .max(1000)
      .optional()
      .meta(
        only(
          'kubernetes',
          'number of gateways. Default: 2 at first; from then on it is yours to scale, for example with a HorizontalPodAutoscaler.',
        ),
      ),
    image: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .meta(only('kubernetes', 'image of the gateways. Default: the image that the controller was started with.')),
    drainSeconds: z
      .number()
      .min(0)
      .max(3600)
      .default(30)
      .meta(only('kubernetes', 'seconds over which a stopping gateway spreads the Close 1001 to its clients.')),
    resources: resourcesSchema,
    service: serviceSchema,
    pod: gatewayPodSchema,
  })
  .describe('The gateways that clients connect to.');
