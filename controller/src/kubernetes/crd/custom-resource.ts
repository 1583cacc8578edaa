import { stringify } from 'yaml';
import { z } from 'zod';
import { wsClusterSchema } from '../../core/spec/schema.ts';
import { resourceStatusSchema } from './status-schema.ts';
import { type JsonSchema, structural } from './structural-schema.ts';

const PLURAL = 'wsclusters';
const GROUP = 'wscluster.io';

/** The file crds/wsclusters.wscluster.io.yaml. */
export function customResourceYaml(): string {
  return (
    '# Generated from controller/src/core/spec by `npm run crds`; do not edit.\n' +
    stringify(customResource(), { lineWidth: 120, aliasDuplicateObjects: false })
  );
}

/** The CustomResourceDefinition of WsCluster. */
export function customResource() {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${PLURAL}.${GROUP}`,
      labels: { 'app.kubernetes.io/name': 'wscluster', 'app.kubernetes.io/part-of': 'wscluster' },
    },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind: 'WsCluster',
        listKind: 'WsClusterList',
        plural: PLURAL,
        singular: 'wscluster',
        shortNames: ['wsc'],
        categories: ['wscluster'],
      },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          subresources: {
            status: {},
            scale: {
              specReplicasPath: '.spec.nodes.replicas',
              statusReplicasPath: '.status.nodes.ready',
              labelSelectorPath: '.status.selector',
            },
          },
          additionalPrinterColumns: COLUMNS,
          schema: { openAPIV3Schema: rootSchema() },
        },
      ],
    },
  };
}

const COLUMNS = [
  column('Desired', 'integer', '.spec.nodes.replicas', 'Desired number of managed nodes'),
  column('Nodes', 'integer', '.status.nodes.ready', 'Nodes that accept connections'),
  column('Gateways', 'integer', '.status.gateways.inSync', 'Gateways that route by the ring published last'),
  column('Revision', 'string', '.status.ring.revision', 'Epoch and version of the ring'),
  column('Ready', 'string', condition('status'), 'Nodes and ring are as declared, and nothing is left to move'),
  { ...column('Reason', 'string', condition('reason'), 'Why the cluster is ready or not'), priority: 1 },
  column('Age', 'date', '.metadata.creationTimestamp', 'Time since creation'),
];

function column(name: string, type: string, jsonPath: string, description: string) {
  return { name, type, jsonPath, description };
}

function condition(field: string): string {
  return `.status.conditions[?(@.type=="Ready")].${field}`;
}

function rootSchema(): JsonSchema {
  return {
    description:
      'A cluster of nodes that serve WebSocket connections by key, and the gateways that route to them by a ring.',
    type: 'object',
    'x-kubernetes-validations': [
      {
        rule: "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 50",
        message:
          'metadata.name must be 1 to 50 lower-case letters, digits and dashes, and begin with a letter: ' +
          'Services and pods are named after it',
      },
    ],
    required: ['spec'],
    properties: {
      apiVersion: { description: 'wscluster.io/v1alpha1', type: 'string' },
      kind: { description: 'WsCluster', type: 'string' },
      metadata: { type: 'object' },
      spec: jsonSchema(wsClusterSchema.shape.spec),
      status: jsonSchema(resourceStatusSchema),
    },
  };
}

function jsonSchema(schema: z.ZodType): JsonSchema {
  return structural(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' }) as JsonSchema);
}
