import { z } from 'zod';
import { only, REQUIRED_IN_KUBERNETES } from './modes.ts';

/** Of an object in the cluster's namespace. */
export const secretName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/, 'must be the name of a Secret')
  .describe('Name of the Secret, in the namespace of the WsCluster.');

const secretKey = z
  .string()
  .max(253)
  .regex(/^[-._a-zA-Z0-9]+$/, 'must be a key of a Secret')
  .default('url')
  .describe('Key of the URL in the Secret.');

const urlFrom = (example: string) =>
  z
    .strictObject({ secretRef: z.strictObject({ name: secretName, key: secretKey }).describe('Secret with the URL.') })
    .describe(`Its URL, from a Secret: ${example}. A new value takes effect without a restart.`);

/** In other modes the URL is an option of the controller, --rabbitmq-url. */
export const busSchema = z
  .strictObject({ rabbitmq: urlFrom('amqp://user:password@host:5672/vhost') })
  .optional()
  .meta({ ...only('kubernetes', 'the bus that carries rings to the gateways.'), ...REQUIRED_IN_KUBERNETES });

/** In other modes the URL is an option of the controller, --redis-url. */
export const storeSchema = z
  .strictObject({ redis: urlFrom('redis://user:password@host:6379/0') })
  .optional()
  .meta({ ...only('kubernetes', 'the store that keeps the rings.'), ...REQUIRED_IN_KUBERNETES });

/** One key of a Secret in the cluster's namespace. */
export type SecretKeyRef = NonNullable<z.infer<typeof busSchema>>['rabbitmq']['secretRef'];
