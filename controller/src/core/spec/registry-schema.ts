import { z } from 'zod';
import { secretName } from './brokers-schema.ts';
import { only } from './modes.ts';

const name = z.string().regex(/^[\w.:@-]{1,128}$/, 'must be 1 to 128 letters, digits and . : _ - @');

const nacosSchema = z.strictObject({
  servers: z
    .array(z.string().regex(/^[^\s:/]+:\d{1,5}$/, 'must be host:port'))
    .min(1)
    .max(32)
    .optional()
    .describe('Nacos servers, host:port. Default: the servers that the controller was started with.'),
  namespace: name.default('public').describe('Id of the Nacos namespace.'),
  group: name.default('DEFAULT_GROUP').describe('Nacos group of the service.'),
  service: name.optional().describe('Name of the service. Default: the name of the cluster.'),
  cluster: z
    .string()
    .regex(/^[0-9a-zA-Z-]{1,64}$/, 'must be 1 to 64 letters, digits and dashes')
    .default('DEFAULT')
    .describe('Nacos cluster of the instances, which is a part of a Nacos service.'),
  secretRef: z
    .strictObject({ name: secretName })
    .optional()
    .meta(
      only(
        'kubernetes',
        'Secret with the keys username and password, or token. Default: the credentials that the controller was started with.',
      ),
    ),
});

export const registrySchema = z
  .strictObject({ nacos: nacosSchema.optional().describe('Registers the nodes in Nacos.') })
  .describe('The registry in which other services find the nodes. Default: none.');
export type NacosSpec = z.infer<typeof nacosSchema>;
