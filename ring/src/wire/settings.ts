import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { z } from 'zod';
import { routeSchema } from '../route/schema.ts';
import { gatewayLimitsSchema } from './gateway-limits.ts';
import { moveSettingsSchema } from './move-settings.ts';

/** A block of addresses: `10.0.0.0/8`, `fd00::/8`. */
export const cidrSchema = z
  .string()
  .max(64)
  .regex(/^[0-9A-Fa-f.:]+\/\d{1,3}$/, 'must be a CIDR block such as 10.0.0.0/8')
  .refine(isCidr, { message: 'must be a CIDR block such as 10.0.0.0/8 or fd00::/8' });

function isCidr(text: string): boolean {
  const [address = '', bits = ''] = text.split('/');
  const version = isIP(address);
  return version !== 0 && Number(bits) <= (version === 4 ? 32 : 128);
}

/** Settings that travel with the ring, so that gateways need no configuration of their own for the cluster. */
export const clusterSettingsSchema = z.object({
  routes: z.array(routeSchema),
  /** Missing in rings from controllers that know no limits; the defaults apply then. */
  limits: gatewayLimitsSchema.optional(),
  /** Missing in rings from controllers that know none; the defaults apply then. */
  moves: moveSettingsSchema.optional(),
  /** Proxies whose forwarded headers are believed; missing: none. */
  trustedProxies: z.array(cidrSchema).optional(),
});
export type ClusterSettings = Readonly<z.infer<typeof clusterSettingsSchema>>;

/** SHA-256 of the settings' JSON, 32 hex digits. Also accepts unvalidated settings, as they came over the wire. */
export function settingsDigest(settings: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(settings) ?? '')
    .digest('hex')
    .slice(0, 32);
}
