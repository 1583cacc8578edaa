import { z } from 'zod';
import type { Instance } from './instances.ts';

const instanceSchema = z.object({
  ip: z.string(),
  port: z.number(),
  weight: z.number(),
  enabled: z.boolean(),
  healthy: z.boolean(),
  metadata: z.record(z.string(), z.string()).nullish(),
});

/** Undefined: not an array of instances in Nacos' format. */
export function readInstances(value: unknown): Instance[] | undefined {
  const parsed = z.array(instanceSchema).safeParse(value);
  if (!parsed.success) return undefined;
  return parsed.data.map((instance) => ({
    ...instance,
    ip: instance.ip.toLowerCase(),
    metadata: instance.metadata ?? {},
  }));
}
