import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { z } from 'zod';
import { gatewayLimitsSchema } from './gateway-limits.ts';
import { moveSettingsSchema } from './move-settings.ts';

const httpToken = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'must be a header or cookie name');

/** Where a route finds the key. Exactly one field is set. */
export const keySourceSchema = z
  .object({
    param: z.string().min(1).optional().describe('Name of a {placeholder} of the path template'),
    query: z.string().min(1).optional().describe('Name of a query parameter'),
    header: httpToken.optional().describe('Name of a request header'),
    cookie: httpToken.optional().describe('Name of a cookie'),
  })
  .refine((source) => Object.values(source).filter((name) => name !== undefined).length === 1, {
    message: 'must have exactly one of param, query, header, cookie',
  });
export type KeySource = Readonly<z.infer<typeof keySourceSchema>>;

/** A path template of literal segments and `{name}` placeholders; a placeholder is a whole segment. */
export const routeSchema = z
  .object({
    path: z
      .string()
      .max(1024)
      .regex(/^(\/(\{[A-Za-z_][A-Za-z0-9_]*\}|[^/{}?#]*))+$/, 'must be a path such as /connect/{userId}'),
    key: keySourceSchema,
  })
  .superRefine((route, ctx) => {
    const names = [...route.path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1]);
    if (new Set(names).size !== names.length)
      ctx.addIssue({ code: 'custom', path: ['path'], message: 'must not name a placeholder twice' });
    if (route.key.param !== undefined && !names.includes(route.key.param))
      ctx.addIssue({
        code: 'custom',
        path: ['key', 'param'],
        message: `must be a placeholder of the path: ${names.join(', ') || 'it has none'}`,
      });
  });
export type Route = Readonly<z.infer<typeof routeSchema>>;

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
